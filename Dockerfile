# safeload without torch: reads models that are mounted, and needs no network for it.
#   docker build -t safeload .
#   docker run --rm --network none --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#       -v "$PWD/models:/models:ro" safeload audit /models
# Pin the base image by its digest where builds have to be the same tomorrow.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY policies ./policies
COPY safeload ./safeload
RUN python -m venv /opt/safeload \
    && /opt/safeload/bin/pip install --no-cache-dir --disable-pip-version-check -c constraints.txt .

FROM python:3.13-slim
# gpg verifies signatures of commits
RUN apt-get update \
    && apt-get install -y --no-install-recommends gnupg \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --create-home --shell /usr/sbin/nologin safeload
COPY --from=build /opt/safeload /opt/safeload
ENV PATH=/opt/safeload/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /home/safeload
ENTRYPOINT ["safeload"]
CMD ["--help"]
