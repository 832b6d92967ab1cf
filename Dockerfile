# The tags carry full versions but no digest: where this file was written no image
# registry could be asked for one. Add "@sha256:..." behind the tags; Dependabot keeps it.
FROM python:3.13.16-slim-trixie AS builder

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

WORKDIR /app
COPY requirements.txt ./
# Wheels only, so that no package runs code of its own while the image is built, and
# nothing but what the lock names; pip check then looks for what it does not name.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --only-binary :all: --no-deps --require-hashes \
        -r requirements.txt \
    && /opt/venv/bin/pip check


# The server of compose.yaml: `flask backup` wants its programs, and Debian has older ones.
FROM postgres:18.6-trixie AS postgresql


FROM python:3.13.16-slim-trixie

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ENVIRONMENT=production \
    HOST=0.0.0.0 \
    PORT=8000

# A volume that is mounted on /data for SQLite takes over the owner set here.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin taskapi \
    && install --directory --owner=10001 --group=10001 --mode=700 /data

# What libpq needs, in whatever version Debian has made safe.
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
# .dockerignore names what comes in; it stays owned by root, so the process cannot change it.
COPY . .

# A number and not a name: Kubernetes can only tell from a number that it is not root.
USER 10001:10001
EXPOSE 8000

# http.client and not urllib: a proxy from the environment must not be asked for 127.0.0.1.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; api = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); api.request('GET', '/health'); sys.exit(api.getresponse().status != 200)"]

# gunicorn.conf.py lies in the work folder and reads everything else from the settings.
CMD ["gunicorn", "wsgi:app"]
