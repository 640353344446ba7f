"""An adapter of requests that calls a sandbox in the same process, and may lose its answers."""

from email.utils import format_datetime
from io import BytesIO
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from connector.sandbox.exchange import Request


class InProcess(BaseAdapter):
    """Hands requests to `handle` and dates the answers by `now`, as a server does.

    While `losing`, whatever is not a GET takes effect and its answer is lost.
    """

    def __init__(self, handle, now):
        super().__init__()
        self.handle, self.now, self.losing, self.lost = handle, now, False, 0
        self._builder = HTTPAdapter()

    def send(self, request, **kwargs):
        parts = urlsplit(request.url)
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = self.handle(Request(request.method, parts.path, parts.query, headers, body))
        if self.losing and request.method != "GET" and "/oauth2/" not in parts.path:
            self.lost += 1
            raise requests.ConnectionError("the answer was lost")
        dated = {"Date": format_datetime(self.now(), usegmt=True), **answer.headers}
        raw = HTTPResponse(BytesIO(answer.body), dated, answer.status, preload_content=False)
        return self._builder.build_response(request, raw)

    def close(self):
        pass
