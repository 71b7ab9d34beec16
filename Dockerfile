# curate, without the trainer, for CI: docker run --rm -v "$PWD:/data" curate gate train.jsonl
FROM python:3.12-slim
COPY . /src
# The compiled kernels are loaded once here, so that no job waits for them.
RUN pip install --no-cache-dir -c /src/constraints.txt /src && curate doctor --warm
RUN useradd --create-home curate
USER curate
WORKDIR /data
ENTRYPOINT ["curate"]
