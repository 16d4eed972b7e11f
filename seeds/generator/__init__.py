"""The example company: one simulated business, written as the exports that a real one would hand over.

``simulation`` and ``planted`` decide what happened commercially (facts), ``invoicing`` and ``settlement`` do
what Stripe would have done about it (documents), and one writer per source turns facts and documents into
tables. A new source is a new writer over the same facts. What the numbers *mean* stays out: that is the
warehouse's business.
"""
