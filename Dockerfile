# docker build -t mmcabl .
# docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/work" mmcabl check photographs --out report
#
# PyTorch is the build that pip finds: it runs on a CPU and, with `docker run --gpus all`, on NVIDIA's GPUs. For another
# one, for a CPU or a CUDA version, give the options of pip that PyTorch's own installation page names:
#        docker build -t mmcabl:cpu --build-arg TORCH_OPTIONS="..." .
FROM python:3.11-slim

ARG TORCH_OPTIONS=
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
# hadolint ignore=SC2086
RUN pip install --constraint constraints/onedl.txt ${TORCH_OPTIONS} torch torchvision

COPY . .
RUN pip install --constraint constraints/onedl.txt ".[${EXTRAS}]" \
    && useradd --create-home --uid 1000 forensics

USER 1000
WORKDIR /work
ENTRYPOINT ["mmcabl"]
CMD ["--help"]
