"""From landing files to immutable raw objects: contract, readers, quarantine, store, manifest, snapshot.

Add here what concerns reading an export and remembering what was loaded when. What the rows mean belongs to
the dbt models, when a load runs to the scheduler's modules.
"""
