"""All that a stack stores: every row of every database, every key in Redis."""

from local_stack import SERVICES, psql
from redis_client import Redis  # noqa: F401  (the other half of what is stored)


def query(settings, service, sql):
    answer = psql(settings[f"PG_URL_{service.upper()}"], sql)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.splitlines()


def columns_of(settings, service):
    """The columns of each table."""
    tables = {}
    for line in query(settings, service, "SELECT table_name, column_name FROM "
                      "information_schema.columns WHERE table_schema = 'public'"):
        table, column = line.split("|")
        tables.setdefault(table, set()).add(column)
    return tables


def rows_of(settings):
    """Every row of every table as text, by "service.table"."""
    rows = {}
    for service in SERVICES:
        for table in columns_of(settings, service):
            # Rows with line breaks are several here, which does no harm.
            rows[f"{service}.{table}"] = set(
                query(settings, service, f"SELECT t::text FROM {table} t"))
    return rows
