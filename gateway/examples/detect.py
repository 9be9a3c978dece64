"""Sends an image to Tradewind and prints what is in it, a line each: name, score, x1, y1, x2, y2.

TRADEWIND_URL=http://127.0.0.1:8080 TRADEWIND_KEY=tw_... python3 detect.py IMAGE [MODEL]
"""

import json, os, sys
from urllib import error, request

image, model = (sys.argv[1:] + ["digits-s"])[:2]
headers = {"authorization": "Bearer " + os.environ["TRADEWIND_KEY"], "content-type": "application/octet-stream"}
url = f"{os.environ['TRADEWIND_URL']}/v1/models/{model}/detect"

try:
    with open(image, "rb") as file, request.urlopen(request.Request(url, file.read(), headers)) as response:
        answer = json.load(response)
except error.HTTPError as refused:
    sys.exit(refused.read().decode())

for found in answer["detections"]:
    print(found["name"], found["score"], *(found["box"][side] for side in ("x1", "y1", "x2", "y2")))
