"""Trains and exports the demo digit detectors: an anchor-free detector on three levels, written from the published
ideas (FCOS: a point predicts its distances to a box's four sides; TOOD: points are assigned by how well score and box
agree; CIoU). The README beside this file says how to run it."""
import argparse, copy, json, math, os, time
import numpy as np, torch
from torch import nn
import torch.nn.functional as F

SIDE, CLASSES, STRIDES = 320, 10, (8, 16, 32)
#        stem, widths at strides 4, 8, 16, 32; residual blocks at each; width of neck and head
SIZES = {"n": dict(widths=(8, 16, 24, 40), blocks=(0, 1, 1, 1), neck=24),
         "s": dict(widths=(24, 48, 96, 160), blocks=(0, 2, 2, 2), neck=64)}


def conv(inputs, outputs, size=3, stride=1, groups=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, groups=groups, bias=False),
                         nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03), nn.ReLU(inplace=True))


class Block(nn.Module):
    """Two convolutions at half the width, added to the input."""
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(conv(width, width // 2, 1), conv(width // 2, width // 2), conv(width // 2, width))

    def forward(self, x):
        return x + self.body(x)


class Detector(nn.Module):
    def __init__(self, widths, blocks, neck):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, widths[0], 6, 4, 1, bias=False), nn.BatchNorm2d(widths[0]),
                                  nn.ReLU(inplace=True), *[Block(widths[0]) for _ in range(blocks[0])])
        self.stages = nn.ModuleList(
            nn.Sequential(conv(a, b, 3, 2), *[Block(b) for _ in range(count)])
            for a, b, count in zip(widths, widths[1:], blocks[1:]))
        self.sideways = nn.ModuleList(conv(width, neck, 1) for width in widths[1:])
        self.merge = nn.ModuleList(conv(neck, neck) for _ in range(3))
        self.heads = nn.ModuleList(nn.Conv2d(neck, 4 + CLASSES, 1) for _ in range(3))
        for head in self.heads:
            nn.init.constant_(head.bias[:4], 1.5)
            nn.init.constant_(head.bias[4:], -4.6)
        points = [(torch.stack(torch.meshgrid(torch.arange(SIDE // s), torch.arange(SIDE // s), indexing="xy"), -1)
                   .reshape(-1, 2) + 0.5) * s for s in STRIDES]
        self.register_buffer("points", torch.cat(points).float())
        self.register_buffer("strides", torch.cat([torch.full((len(p), 1), float(s)) for p, s in zip(points, STRIDES)]))

    def forward(self, x):
        """Distances to left, top, right, bottom in pixels, and class logits, each [batch, 2100, ...]."""
        x, levels = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        levels = [side(level) for side, level in zip(self.sideways, levels)]
        for at in (1, 0):
            levels[at] = levels[at] + F.interpolate(levels[at + 1], scale_factor=2.0, mode="nearest")
        out = [head(merge(level)) for head, merge, level in zip(self.heads, self.merge, levels)]
        out = [level.reshape(-1, 4 + CLASSES, (SIDE // stride) ** 2) for level, stride in zip(out, STRIDES)]
        out = torch.cat(out, 2).transpose(1, 2)
        return F.softplus(out[..., :4]) * self.strides, out[..., 4:]

    def corners(self, distances):
        return torch.cat([self.points - distances[..., :2], self.points + distances[..., 2:]], -1)


class Exported(nn.Module):
    """The output that detector runtimes expect: [batch, 4 + classes, points], boxes as centre and size."""
    def __init__(self, detector):
        super().__init__()
        self.detector = detector

    def forward(self, images):
        distances, logits = self.detector(images)
        first, last = self.detector.points - distances[..., :2], self.detector.points + distances[..., 2:]
        return torch.cat([(first + last) / 2, last - first, logits.sigmoid()], -1).transpose(1, 2)


def iou(a, b, complete=False):
    """Overlap of paired boxes; `complete` takes off for centre distance and aspect, as CIoU does."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    (aw, ah), (bw, bh) = (a[..., 2:] - a[..., :2]).unbind(-1), (b[..., 2:] - b[..., :2]).unbind(-1)
    overlap = shared / (aw * ah + bw * bh - shared + 1e-6)
    if not complete:
        return overlap
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    apart = ((a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) ** 2).sum(-1) / 4
    aspect = 4 / math.pi ** 2 * (torch.atan(bw / (bh + 1e-6)) - torch.atan(aw / (ah + 1e-6))) ** 2
    with torch.no_grad():
        weight = aspect / (1 - overlap + aspect + 1e-6)
    return overlap - apart / ((hull ** 2).sum(-1) + 1e-6) - weight * aspect


@torch.no_grad()
def assign(scores, boxes, points, strides, truth, classes, present, top=9):
    """For each point its object (or none) and its score target: score x IoU^6, the best of an object set to its IoU."""
    overlap = iou(boxes[:, None], truth[:, :, None])                                      # [batch, objects, points]
    score = scores.transpose(1, 2).gather(1, classes[..., None].expand(-1, -1, scores.shape[1]))
    middle, half = (truth[..., :2] + truth[..., 2:]) / 2, (truth[..., 2:] - truth[..., :2]) / 2
    near = ((points - middle[:, :, None]).abs() < torch.maximum(half[:, :, None], 0.6 * strides)).all(-1)
    fit = (score.sqrt() * overlap ** 6 + 1e-9) * near * present[..., None]
    chosen = torch.zeros_like(fit).scatter_(2, fit.topk(top, 2).indices, 1.0) * (fit > 0)
    fit = fit * chosen
    owner = (overlap * chosen).argmax(1)                                                   # [batch, points]
    mine = torch.zeros_like(chosen).scatter_(1, owner[:, None], 1.0) * chosen
    fit, overlap = fit * mine, overlap * mine
    target = fit / (fit.amax(2, keepdim=True) + 1e-12) * overlap.amax(2, keepdim=True)
    return owner, target.amax(1)


def loss_of(model, images, truth, classes, present):
    distances, logits = model(images)
    boxes = model.corners(distances)
    owner, target = assign(logits.sigmoid(), boxes, model.points, model.strides, truth, classes, present)
    wanted = torch.zeros_like(logits).scatter_(2, classes.gather(1, owner)[..., None], target[..., None])
    total = target.sum().clamp(min=1)
    scoring = F.binary_cross_entropy_with_logits(logits, wanted, reduction="sum") / total
    hit = target > 0
    goal = truth.gather(1, owner[..., None].expand(-1, -1, 4))[hit]
    boxing = ((1 - iou(boxes[hit], goal, complete=True)) * target[hit]).sum() / total
    return scoring + 2.5 * boxing, scoring.item(), boxing.item()


def load(directories):
    images, labels = [], []
    for directory in directories:
        listed = json.load(open(f"{directory}/labels.json"))
        data = np.memmap(f"{directory}/images.bin", np.uint8, "r").reshape(-1, SIDE, SIDE, 3)
        images += [data[index] for index in range(len(listed))]
        labels += [np.array(rows, np.float32).reshape(-1, 5) for rows in listed]
    return images, labels


def batch_of(images, labels, picks, random=None, most=16):
    """Scenes as tensors; with `random` also shifted, recoloured and inverted: never mirrored, digits have a hand."""
    count = len(picks)
    truth, present = torch.zeros(count, most, 4), torch.zeros(count, most)
    classes, pixels = torch.zeros(count, most, dtype=torch.long), np.empty((count, SIDE, SIDE, 3), np.uint8)
    for row, pick in enumerate(picks):
        objects, pixels[row] = labels[pick], images[pick]
        if random is not None and len(objects):
            low = -np.minimum(7, objects[:, 1:3].min(0)).astype(int)
            high = np.minimum(7, SIDE - objects[:, 3:].max(0)).astype(int)
            across, down = random.integers(low, high + 1)
            pixels[row] = np.roll(images[pick], (down, across), (0, 1))
            objects = objects + np.array([0, across, down, across, down], np.float32)
        truth[row, :len(objects)] = torch.from_numpy(objects[:, 1:])
        classes[row, :len(objects)] = torch.from_numpy(objects[:, 0]).long()
        present[row, :len(objects)] = 1
    pixels = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255                   # stays channels-last
    if random is not None:
        pixels = pixels[:, torch.from_numpy(random.permutation(3))]
        gain = random.uniform(0.75, 1.25, (count, 3, 1, 1)) * np.where(random.random((count, 1, 1, 1)) < 0.3, -1, 1)
        shift = random.uniform(-0.1, 0.1, (count, 1, 1, 1)) + 0.5
        pixels = ((pixels - 0.5) * torch.from_numpy(gain).float() + torch.from_numpy(shift).float()).clamp(0, 1)
    return pixels.contiguous(memory_format=torch.channels_last), truth, classes, present


def suppress(boxes, scores, limit=0.7, most=300):
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order) and len(kept) < most:
        first, order = order[0], order[1:]
        kept.append(first)
        low, high = np.maximum(boxes[first, :2], boxes[order, :2]), np.minimum(boxes[first, 2:], boxes[order, 2:])
        shared = (high - low).clip(0).prod(1)
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
        order = order[shared / (areas[first] + areas[order] - shared + 1e-9) <= limit]
    return kept


def detections(output, confidence=0.001):
    """One image's [4 + classes, points] as rows of class, score, x1, y1, x2, y2 after suppression within classes."""
    boxes = np.concatenate([output[:2] - output[2:4] / 2, output[:2] + output[2:4] / 2]).T
    point, name = np.nonzero(output[4:].T > confidence)
    scores = output[4 + name, point]
    best = np.argsort(-scores, kind="stable")[:1000]
    point, name, scores = point[best], name[best], scores[best]
    kept = suppress(boxes[point] + name[:, None] * 2.0 * SIDE, scores)
    return np.concatenate([name[kept, None], scores[kept, None], boxes[point][kept]], 1)


def average_precision(found, labels):
    """mAP50 and mAP50-95 as COCO counts them: greedy by score, 101 recall points, mean over classes."""
    limits, per_class = np.arange(0.5, 0.96, 0.05), []
    for name in range(CLASSES):
        scores, hits, total = [], [], 0
        for rows, objects in zip(found, labels):
            truth = objects[objects[:, 0] == name, 1:]
            mine = rows[rows[:, 0] == name]
            mine = mine[np.argsort(-mine[:, 1], kind="stable")]
            total += len(truth)
            overlap = iou(torch.from_numpy(mine[:, None, 2:]), torch.from_numpy(truth[None].astype(mine.dtype))).numpy()
            hit = np.zeros((len(mine), len(limits)), bool)
            for at, limit in enumerate(limits):
                free = np.ones(len(truth), bool)
                for row in range(len(mine)):
                    if not free.any():
                        break
                    best = np.argmax(np.where(free, overlap[row], -1))
                    if overlap[row, best] >= limit:
                        hit[row, at], free[best] = True, False
            scores.append(mine[:, 1])
            hits.append(hit)
        if total == 0:
            continue
        order = np.argsort(-np.concatenate(scores), kind="stable")
        right = np.concatenate(hits)[order].cumsum(0)
        recall, precision = right / total, right / np.arange(1, len(order) + 1)[:, None]
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        row = []
        for at in range(len(limits)):
            index = np.searchsorted(recall[:, at], np.linspace(0, 1, 101))
            row.append(np.append(precision[:, at], 0)[np.minimum(index, len(order))].mean())
        per_class.append(row)
    table = np.array(per_class)
    return table[:, 0].mean(), table.mean()


@torch.no_grad()
def evaluate(run, images, labels):
    found = []
    for start in range(0, len(images), 20):
        pixels = batch_of(images, labels, range(start, min(start + 20, len(images))))[0]
        found += [detections(output) for output in run(pixels)]
    return average_precision(found, labels)


def learn(args):
    torch.manual_seed(args.seed)
    random = np.random.default_rng(args.seed)
    images, labels = load(args.train)
    checked = [part[:args.check] for part in load([args.validation])]
    model = Detector(**SIZES[args.size]).to(memory_format=torch.channels_last)
    average = copy.deepcopy(model).eval()
    print(args.size, sum(p.numel() for p in model.parameters()), "parameters", len(images), "scenes", flush=True)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    groups = [{"params": decayed, "weight_decay": 0.02},
              {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=args.rate, betas=(0.9, 0.99))
    began, seen, step, order, said = time.time(), 0, 0, [], time.time()
    while (spent := (time.time() - began) / 60 / args.minutes) < 1:
        if len(order) < args.batch:
            order = list(random.permutation(len(images)))
        picks, order = order[:args.batch], order[args.batch:]
        rate = args.rate * min(1, (step + 1) / 200) * (0.02 + 0.98 * (1 + math.cos(math.pi * spent)) / 2)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss, scoring, boxing = loss_of(model, *batch_of(images, labels, picks, random))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimiser.step()
        step, seen = step + 1, seen + args.batch
        keep = min(0.998, (1 + step) / (10 + step))
        with torch.no_grad():
            for kept, new in zip(average.state_dict().values(), model.state_dict().values()):
                kept.lerp_(new, 1 - keep) if kept.is_floating_point() else kept.copy_(new)
        if step % 50 == 0:
            speed = seen / (time.time() - began)
            print(f"step {step} seen {seen} {speed:.1f}/s loss {scoring:.3f} {boxing:.3f}", flush=True)
        if time.time() - said > 60 * args.every:
            said = time.time()
            torch.save(average.state_dict(), args.checkpoint)
            report(average, checked, seen, began)
    torch.save(average.state_dict(), args.checkpoint)
    report(average, checked, seen, began)


def report(model, checked, seen, began):
    minutes = (time.time() - began) / 60
    rated = evaluate(lambda pixels: Exported(model)(pixels).numpy(), *checked)
    print(f"{minutes:.1f} min, {seen} images: validation mAP50 {rated[0]:.4f} mAP50-95 {rated[1]:.4f}", flush=True)


def export(args):
    import onnx
    model = Detector(**SIZES[args.size])
    model.load_state_dict(torch.load(args.checkpoint, weights_only=True))
    os.makedirs(os.path.dirname(args.out), exist_ok=True)
    torch.onnx.export(Exported(model.eval()).eval(), torch.zeros(2, 3, SIDE, SIDE), args.out, dynamo=False,
                      opset_version=17, input_names=["images"], output_names=["output0"],
                      dynamic_axes={"images": {0: "batch"}, "output0": {0: "batch"}})
    saved = onnx.load(args.out)
    facts = {"description": f"Tradewind demo digit detector, size {args.size}", "author": "Tradewind",
             "license": "Apache-2.0", "version": "1", "task": "detect", "batch": 1, "channels": 3,
             "stride": STRIDES[-1], "imgsz": [SIDE, SIDE], "names": {index: str(index) for index in range(CLASSES)}}
    onnx.helper.set_model_props(saved, {key: str(value) for key, value in facts.items()})
    onnx.checker.check_model(saved)
    onnx.save(saved, args.out)
    print(args.out, os.path.getsize(args.out), "bytes")


def measure(args):
    import onnxruntime
    session = onnxruntime.InferenceSession(args.model)
    images, labels = load(args.scenes)
    rated = evaluate(lambda pixels: session.run(None, {"images": pixels.contiguous().numpy()})[0], images, labels)
    print(f"{args.model}: {len(images)} scenes, mAP50 {rated[0]:.4f} mAP50-95 {rated[1]:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("learn")
    command.add_argument("--size", choices=SIZES, required=True)
    command.add_argument("--train", nargs="+", required=True)
    command.add_argument("--validation", required=True)
    command.add_argument("--checkpoint", required=True)
    for name, kind, value in (("minutes", float, 60), ("batch", int, 16), ("rate", float, 2e-3), ("seed", int, 1),
                              ("every", float, 5), ("check", int, 300), ("threads", int, 1)):
        command.add_argument(f"--{name}", type=kind, default=value)
    command.set_defaults(run=learn)
    command = commands.add_parser("export")
    command.add_argument("--size", choices=SIZES, required=True)
    command.add_argument("--checkpoint", required=True)
    command.add_argument("--out", required=True)
    command.set_defaults(run=export)
    command = commands.add_parser("measure")
    command.add_argument("--model", required=True)
    command.add_argument("--scenes", nargs="+", required=True)
    command.set_defaults(run=measure)
    arguments = parser.parse_args()
    torch.set_num_threads(getattr(arguments, "threads", 2))
    arguments.run(arguments)
