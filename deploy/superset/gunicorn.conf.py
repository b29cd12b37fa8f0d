"""The server of Superset's pages, on this machine and in a container; where it listens is an argument."""

wsgi_app = "superset.app:create_app()"
# one process: its cache is in files of its own, and threads wait for Postgres
workers = 1
worker_class = "gthread"
threads = 8
timeout = 120  # seconds; the longest that a chart may take
umask = 0o077
loglevel = "warning"
