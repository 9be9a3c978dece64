"""Drives a live server with NVIDIA's own client, tritonclient.http or tritonclient.http.aio.

check.py probe                 says as JSON which of both can be imported, and why one cannot
check.py sync HOST:PORT IMAGE  runs every check with the blocking client
check.py aio HOST:PORT IMAGE   runs every check with the asyncio client

A check is one line of JSON on standard output: {"check": name, "error": null or text}.
"""

import asyncio
import importlib
import json
import sys
import traceback

from client import MODULES, Client


def probe():
    found = {}
    for kind, module in MODULES.items():
        try:
            importlib.import_module(module)
            found[kind] = None
        except Exception as error:  # noqa: BLE001 - the reason is what is asked for
            found[kind] = f"{sys.executable}: {type(error).__name__}: {error} ({error.__cause__ or 'no other cause'})"
    print(json.dumps(found))


async def run(kind, url, image):
    # What can be said without numpy is said before it is needed.
    from protocol_checks import CHECKS as protocol_checks
    from tensor_checks import CHECKS as tensor_checks

    client = Client(kind, url)
    try:
        for one in protocol_checks + tensor_checks:
            error = None
            try:
                await one(client, image)
            except Exception as thrown:  # noqa: BLE001 - one failure must not hide the next
                place = traceback.extract_tb(thrown.__traceback__)[1]
                error = f"{place.filename}:{place.lineno}: {type(thrown).__name__}: {thrown}"
            print(json.dumps({"check": one.__name__, "error": error}), flush=True)
    finally:
        await client.call("close")


if __name__ == "__main__":
    if sys.argv[1] == "probe":
        probe()
    else:
        with open(sys.argv[3], "rb") as file:
            asyncio.run(run(sys.argv[1], sys.argv[2], file.read()))
