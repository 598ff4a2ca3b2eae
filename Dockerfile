# One image for web, worker, beat and the one-shot commands. Pinned base, hash-checked packages, no root.
ARG PYTHON_IMAGE=python:3.13.11-slim-trixie

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements-production.lock /tmp/
RUN /venv/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r /tmp/requirements-production.lock
COPY manage.py /app/
COPY community /app/community
COPY directory /app/directory
COPY spaces /app/spaces
COPY templates /app/templates
COPY static /app/static
WORKDIR /app
# Static files are part of the image. The settings ask for every variable; none of these is used or kept.
RUN SECRET_KEY=only-to-build DATABASE_URL=postgresql://nobody@localhost/none REDIS_URL=redis://localhost \
    BASE_URL=https://localhost EMAIL_URL=smtp://localhost DEFAULT_FROM_EMAIL=nobody@localhost \
    /venv/bin/python manage.py collectstatic --no-input --verbosity 0

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin community
COPY --from=build /venv /venv
COPY --from=build /app /app
# Photos of rooms: a volume mounted here belongs to whoever the folder belongs to.
RUN mkdir --parents /app/var/media && chown community: /app/var/media
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER community
EXPOSE 8000
CMD ["gunicorn", "community.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--worker-tmp-dir", "/dev/shm", "--no-control-socket", "--access-logfile", "-", "--max-requests", "2000", "--max-requests-jitter", "200"]
