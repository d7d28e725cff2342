"""A deployment on Ray Serve: each replica is an `ovenbird serve` of its own behind a socket, and the replicas share the requests.

    pip install "ray[serve]==2.60.0" httpx==0.28.1
    OVENBIRD_MODEL=/models/baked serve run ray_serve:app

OVENBIRD_MODEL: a baked folder, the same on every node, asked for as "m"; OVENBIRD: the program; OVENBIRD_REPLICAS: how many (2).
"""
import os
import subprocess
import tempfile
import time

import fastapi
import fastapi.responses
import httpx
from ray import serve

http = fastapi.FastAPI()
NOT_PASSED_ON = {"host", "content-length", "transfer-encoding", "connection", "keep-alive"}


def passed_on(headers):
    return {name: value for name, value in headers.items() if name.lower() not in NOT_PASSED_ON}


# One answer at a time: a replica's model has one device. The others wait in Ray's queue, for whichever replica is free first.
@serve.deployment(num_replicas=int(os.environ.get("OVENBIRD_REPLICAS", "2")), max_ongoing_requests=2)
@serve.ingress(http)
class Ovenbird:
    def __init__(self, program, model):
        self.folder = tempfile.TemporaryDirectory()
        socket = os.path.join(self.folder.name, "socket")
        self.server = subprocess.Popen([program, "serve", f"m={model}", "--unix-socket", socket, "--read-only", "--quiet"])
        while not os.path.exists(socket):
            if self.server.poll() is not None:
                raise RuntimeError(f"{program} ended with status {self.server.returncode}")
            time.sleep(0.1)
        self.client = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=socket), base_url="http://localhost",
                                        timeout=httpx.Timeout(10, read=3600))

    def __del__(self):
        self.server.terminate()
        self.server.wait()

    async def check_health(self):
        if self.server.poll() is not None:
            raise RuntimeError("the server has ended")

    @http.api_route("/{path:path}", methods=["GET", "POST"])
    async def answer(self, request: fastapi.Request):
        asked = self.client.build_request(request.method, request.url.path, params=request.query_params,
                                          headers=passed_on(request.headers), content=await request.body())
        answer = await self.client.send(asked, stream=True)

        async def pieces():
            try:
                async for piece in answer.aiter_raw():
                    yield piece
            finally:
                await answer.aclose()

        headers = {**passed_on(answer.headers), "x-ovenbird-replica": serve.get_replica_context().replica_tag}
        return fastapi.responses.StreamingResponse(pieces(), answer.status_code, headers)


app = Ovenbird.bind(os.environ.get("OVENBIRD", "ovenbird"), os.environ["OVENBIRD_MODEL"])
