# docker build -t mmcabl .
# docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/work" mmcabl check photographs --out report
#
# TORCH_INDEX is the address of a build of PyTorch, as its own installation page gives it for CPU or a CUDA version.
# Empty: the build that pip finds, which runs on a CPU and, on Linux with `docker run --gpus all`, on NVIDIA's GPUs:
#        docker build -t mmcabl:cpu --build-arg TORCH_INDEX=ADDRESS-OF-THE-CPU-BUILD .
FROM python:3.11-slim

ARG TORCH_INDEX=
ARG EXTRAS=onedl,quickstart,scoring,tables

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib

# opencv-python needs libGL and GLib; packages that publish no wheel for a platform are built.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/mmcabl
COPY constraints constraints
# Apart from the rest: a change of the code does not fetch PyTorch again.
RUN pip install --constraint constraints/onedl.txt ${TORCH_INDEX:+--index-url "${TORCH_INDEX}"} torch torchvision

COPY . .
RUN pip install --constraint constraints/onedl.txt ".[${EXTRAS}]" \
    && useradd --create-home --uid 1000 forensics

USER 1000
WORKDIR /work
ENTRYPOINT ["mmcabl"]
CMD ["--help"]
