# curate, without the trainer, for CI: docker run --rm -v "$PWD:/data" curate gate train.jsonl
# To write runs/ into a folder of yours, add --user "$(id -u)".
FROM python:3.12-slim
RUN useradd --create-home curate
# Compiled kernels are kept where any user may read and add to them: a cache that cannot be written to is not read either.
ENV NUMBA_CACHE_DIR=/var/cache/curate-kernels
COPY . /src
RUN pip install --no-cache-dir -c /src/constraints.txt /src && rm -r /src
# They are compiled once here, so that no job waits for them.
RUN curate doctor --warm && chmod -R a+rwX /var/cache/curate-kernels
USER curate
WORKDIR /data
ENTRYPOINT ["curate"]
