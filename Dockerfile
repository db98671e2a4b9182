# Built in two steps so that the image holds no compiler and no cache.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/kakehashi
WORKDIR /src
COPY requirements.lock ./
RUN /opt/kakehashi/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
COPY digests ./digests
COPY config ./config
RUN /opt/kakehashi/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin kakehashi \
    && mkdir -p /data /config && chown kakehashi /data
COPY --from=build /opt/kakehashi /opt/kakehashi
COPY --chown=root:root config /config
ENV PATH=/opt/kakehashi/bin:$PATH PYTHONUTF8=1 PYTHONDONTWRITEBYTECODE=1 KAKEHASHI_CONFIG=/config
WORKDIR /data
VOLUME /data
USER kakehashi
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["kakehashi", "doctor", "--live"]
ENTRYPOINT ["kakehashi"]
CMD ["run"]
