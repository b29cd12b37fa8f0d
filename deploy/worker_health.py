"""Whether this container's Celery worker answers: exit code 0 or 1. Without Airflow, whose import takes seconds."""

import socket
import sys

from celery import Celery

from deploy.given import secret


def main() -> int:
    app = Celery(broker=f"redis://:{secret('redis_password')}@redis:6379/0")
    worker = f"celery@{socket.gethostname()}"
    answer = app.control.inspect(destination=[worker], timeout=5).ping()
    print(f"{worker}: {'answers' if answer else 'does not answer'}")
    return 0 if answer else 1


if __name__ == "__main__":
    sys.exit(main())
