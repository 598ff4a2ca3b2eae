from django.db import connection

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def waiting_for_locks():
    """How many sessions of this database wait for another one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # kept for a transaction
        cursor.execute(WAITING)
        return cursor.fetchone()[0]
