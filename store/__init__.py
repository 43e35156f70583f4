"""The one database: schema, migrations, sealing, journal, ledger, counters, approvals, wake-ups."""
