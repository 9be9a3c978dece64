"""A detector behind FastAPI, as a good engineer would write and tune it: the peer of `npm run bench -- inference`.

POST /detect takes the bytes of a JPEG and answers boxes in its pixels. Pixels, letterbox, thresholds and suppression
are those of Tradewind, so that both do the same job; how they do it is each side's own.
"""

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import onnxruntime as ort
import orjson
from fastapi import FastAPI, Request, Response

MODEL = os.environ["PEER_MODEL"]
THREADS = int(os.environ.get("PEER_THREADS", "2"))
INTRA_OP = int(os.environ.get("PEER_INTRA_OP", "1"))
BENCH = int(os.environ.get("PEER_BENCH_PID", "0"))

PADDING = 114
MAX_CANDIDATES = 30_000
MAX_DETECTIONS = 300

REDUCED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
    (1, cv2.IMREAD_COLOR),
)


def open_session():
    options = ort.SessionOptions()
    options.intra_op_num_threads = INTRA_OP
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that spin take the core from the decoder beside them; without spinning every setting was quicker.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])


# The images in hand are the parallel work; OpenCV's own threads would only compete with them.
cv2.setNumThreads(1)
session = open_session()
INPUT = session.get_inputs()[0].name
HEIGHT, WIDTH = (int(side) for side in session.get_inputs()[0].shape[2:])
pool = ThreadPoolExecutor(THREADS)
own = threading.local()


class Buffers:
    """What one thread works in, made once: the grey canvas, its three planes and the tensor."""

    def __init__(self):
        self.tensor = np.full((1, 3, HEIGHT, WIDTH), PADDING / 255, np.float32)
        self.place = None
        self.canvas = None
        self.planes = None

    def at(self, left, top, width, height):
        """The pixels' own part of the tensor: the grey around it is written only when the place moves."""
        if self.place != (left, top, width, height):
            self.place = (left, top, width, height)
            self.tensor.fill(PADDING / 255)
            self.canvas = np.empty((height, width, 3), np.uint8)
            self.planes = [np.empty((height, width), np.uint8) for _ in range(3)]
        return self.tensor[0, :, top : top + height, left : left + width]


def buffers():
    if not hasattr(own, "buffers"):
        own.buffers = Buffers()
    return own.buffers


def jpeg_size(data):
    """Width and height out of the frame header, without decoding."""
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return (data[at + 7] << 8) | data[at + 8], (data[at + 5] << 8) | data[at + 6]
        at += 2 + ((data[at + 2] << 8) | data[at + 3])
    raise ValueError("no frame header")


def decode(data, wanted_width, wanted_height, width, height):
    """The smallest of the sizes that the decoder makes for nothing which is no smaller than what is wanted."""
    for factor, flag in REDUCED:
        if width // factor >= wanted_width and height // factor >= wanted_height or factor == 1:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
            if image is None:
                raise ValueError("no image")
            return image


def preprocess(data):
    width, height = jpeg_size(data)
    scale = min(WIDTH / width, HEIGHT / height)
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = max(0, round((WIDTH - wide) / 2 - 0.1)), max(0, round((HEIGHT - high) / 2 - 0.1))
    image = decode(data, wide, high, width, height)
    mine = buffers()
    target = mine.at(left, top, wide, high)
    cv2.resize(image, (wide, high), dst=mine.canvas, interpolation=cv2.INTER_LINEAR)
    cv2.split(mine.canvas, mine.planes)
    for channel, plane in enumerate(mine.planes):
        np.multiply(plane, np.float32(1 / 255), out=target[2 - channel])
    return mine.tensor, (width, height, scale, left, top)


def suppress(boxes, classes, iou):
    """Greedy and within each class: boxes of different classes are moved apart. Best score first in, places out."""
    moved = boxes + (classes * 7680.0)[:, None]
    x1, y1, x2, y2 = moved.T
    areas = (x2 - x1) * (y2 - y1)
    alive = np.arange(len(boxes))
    kept = []
    while alive.size and len(kept) < MAX_DETECTIONS:
        best, rest = alive[0], alive[1:]
        kept.append(best)
        wide = np.minimum(x2[best], x2[rest]) - np.maximum(x1[best], x1[rest])
        high = np.minimum(y2[best], y2[rest]) - np.maximum(y1[best], y1[rest])
        common = np.maximum(wide, 0) * np.maximum(high, 0)
        alive = rest[common <= iou * (areas[best] + areas[rest] - common)]
    return np.array(kept, np.int64)


def postprocess(output, place, conf, iou):
    width, height, scale, left, top = place
    scores = output[4:].max(axis=0)
    found = np.flatnonzero(scores > conf)
    found = found[np.argsort(-scores[found], kind="stable")][:MAX_CANDIDATES]
    columns = output[:, found]
    classes = columns[4:].argmax(axis=0)
    half = columns[2:4] / 2
    boxes = np.concatenate([columns[:2] - half, columns[:2] + half]).T
    kept = suppress(boxes, classes, iou)
    boxes = (boxes[kept] - (left, top, left, top)) / scale
    np.clip(boxes, 0, (width, height, width, height), out=boxes)
    return {
        "image": {"width": width, "height": height},
        "boxes": boxes.astype(np.float32),
        "scores": scores[found[kept]],
        "classes": classes[kept],
    }


def detect(data, conf, iou):
    tensor, place = preprocess(data)
    (output,) = session.run(None, {INPUT: tensor})
    return orjson.dumps(postprocess(output[0], place, conf, iou), option=orjson.OPT_SERIALIZE_NUMPY)


app = FastAPI(openapi_url=None)


@app.get("/ready")
async def ready():
    return {"ready": True}


@app.post("/detect")
async def detect_image(request: Request, conf: float = 0.25, iou: float = 0.7):
    data = await request.body()
    try:
        # A pool of its own rather than the framework's forty threads: more of them than cores only get in each other's way.
        answer = await asyncio.get_running_loop().run_in_executor(pool, detect, data, conf, iou)
    except ValueError:
        return Response(b'{"error":"not a JPEG"}', 422, media_type="application/json")
    return Response(answer, media_type="application/json")


def end_with_bench():
    """A bench that was killed must leave nobody behind."""
    while os.path.exists(f"/proc/{BENCH}"):
        time.sleep(1)
    os._exit(1)


if BENCH > 0 and os.path.exists("/proc"):
    threading.Thread(target=end_with_bench, daemon=True).start()
