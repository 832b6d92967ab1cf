# The tags have full versions but no digests. For reproducible builds append "@sha256:..." to
# the tags; Dependabot updates digests too.
FROM python:3.13.16-slim-trixie AS builder

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

WORKDIR /app
COPY requirements.txt ./
# Install only wheels, so that no package runs code during the build, and only locked
# packages. pip check fails if the lock lacks a dependency.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --only-binary :all: --no-deps --require-hashes \
        -r requirements.txt \
    && /opt/venv/bin/pip check


# `flask backup` needs pg_dump of the server version in compose.yaml; Debian has an older one.
FROM postgres:18.6-trixie AS postgresql


FROM python:3.13.16-slim-trixie

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ENVIRONMENT=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATABASE_URL=sqlite:////data/taskapi.db

# A new volume on /data, for SQLite, gets the owner and mode that are set here.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin taskapi \
    && install --directory --owner=10001 --group=10001 --mode=700 /data

# The dependencies of libpq, unpinned so that builds include security updates.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgssapi-krb5-2 libldap2 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=postgresql /usr/lib/*-linux-gnu/libpq.so.5* /usr/local/lib/
COPY --from=postgresql /usr/lib/postgresql/18/bin/pg_dump \
    /usr/lib/postgresql/18/bin/pg_restore /usr/local/bin/
RUN ldconfig && pg_dump --version && pg_restore --version

WORKDIR /app
COPY --from=builder /opt/venv /opt/venv
# .dockerignore lists what is copied. Files are owned by root, so the service cannot change them.
COPY . .

# Kubernetes verifies runAsNonRoot only for numeric users.
USER 10001:10001
EXPOSE 8000

# http.client, unlike urllib, ignores proxies of the environment.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; api = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); api.request('GET', '/health'); sys.exit(api.getresponse().status != 200)"]

# gunicorn reads gunicorn.conf.py in the working directory, which uses the settings.
CMD ["gunicorn", "wsgi:app"]
