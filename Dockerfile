# Two targets of one recipe:
#   docker build --target cpu  --build-arg TORCH_INDEX=<index with PyTorch's CPU wheels> -t attune:cpu .
#   docker build --target cuda -t attune:cuda .
# The wheels of the default index bring CUDA's libraries: the host needs NVIDIA's driver and container toolkit only.
# Without TORCH_INDEX the cpu target works too, and is some gigabytes larger than it has to be.

FROM python:3.11-slim-trixie AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PATH=/opt/venv/bin:$PATH
# pg_dump, pg_restore and psql, for `backup` and `restore`; letters for certificates.
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* \
    && python -m venv /opt/venv \
    && useradd --uid 10001 --create-home attune \
    && install -d -o attune -g attune -m 700 /data
WORKDIR /srv/attune
COPY requirements.txt constraints.txt ./

FROM base AS packages-cuda
RUN pip install -r requirements.txt -c constraints.txt

FROM base AS packages-cpu
ARG TORCH_INDEX=
RUN if [ -n "$TORCH_INDEX" ]; then \
        pip install --index-url "$TORCH_INDEX" torch torchvision -c constraints.txt; \
    fi \
    && pip install -r requirements.txt -c constraints.txt

FROM base AS site
COPY . .
ENV ATTUNE_DATA_DIR=/data
VOLUME /data
USER attune
EXPOSE 8000
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0", "--port", "8000"]

FROM site AS cuda
COPY --from=packages-cuda /opt/venv /opt/venv
ENV ATTUNE_DEVICE=auto

FROM site AS cpu
COPY --from=packages-cpu /opt/venv /opt/venv
ENV ATTUNE_DEVICE=cpu
