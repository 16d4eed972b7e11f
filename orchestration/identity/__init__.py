"""Who is who: which records of the billing system, the CRM and the ledger are one company or one person.

Add a module here for a kind of value that is to be made comparable, or a kind of record that is to be
matched. It is a pure function of raw snapshot, as-of and policies, run before the models; what they make of
the result belongs to ``dbt_project/models``.
"""
