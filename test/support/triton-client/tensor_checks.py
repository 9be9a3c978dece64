"""What tritonclient sends to infer, in every form that it has, and what it reads out of the answers."""

import asyncio
import http.client

import numpy as np
from client import equal, same


async def binary_and_json_both_ways(c, _):
    first = np.arange(16, dtype=np.int32).reshape(1, 16)
    second = np.full((1, 16), -3, dtype=np.int32)
    arrays = {"INPUT0": (first, "INT32"), "INPUT1": (second, "INT32")}
    for binary in (True, False):
        everything = await c.infer("simple", arrays, binary=binary)
        same(everything, "OUTPUT0", first + second)
        same(everything, "OUTPUT1", first - second)
        for left in (True, False):
            for right in (True, False):
                wanted = {"OUTPUT1": {"binary_data": left}, "OUTPUT0": {"binary_data": right}}
                result = await c.infer("simple", arrays, binary=binary, outputs=wanted)
                equal([one["name"] for one in result.get_response()["outputs"]], ["OUTPUT1", "OUTPUT0"])
                equal("data" in result.get_output("OUTPUT1"), not left)
                same(result, "OUTPUT0", first + second)
                same(result, "OUTPUT1", first - second)
    only = await c.infer("simple", arrays, outputs={"OUTPUT0": {}})
    assert only.as_numpy("OUTPUT1") is None


async def compression_both_ways(c, _):
    array = (np.arange(6000, dtype=np.float32) % 11).reshape(2, 3000)
    for request in (None, "gzip", "deflate"):
        for response in (None, "gzip", "deflate"):
            for binary in (True, False):
                result = await c.infer(
                    "identity_fp32",
                    {"INPUT0": (array, "FP32")},
                    binary=binary,
                    outputs={"OUTPUT0": {"binary_data": binary}},
                    request_compression_algorithm=request,
                    response_compression_algorithm=response,
                )
                same(result, "OUTPUT0", array)


async def images(c, image):
    one = np.array([image], dtype=np.object_)
    result = await c.infer("colours", {"image": (one, "BYTES")}, parameters={"conf": 0.5})
    equal(result.as_numpy("counts").tolist(), [1])
    equal(result.as_numpy("classes").tolist(), [[1]])
    equal(result.as_numpy("boxes").shape, (1, 1, 4))
    equal(str(result.as_numpy("boxes").dtype), "float32")
    assert 0.8 < result.as_numpy("scores")[0, 0] < 1
    two = np.array([image, image], dtype=np.object_)
    result = await c.infer("colours", {"image": (two, "BYTES")}, outputs={"counts": {"binary_data": False}})
    equal(result.as_numpy("counts").tolist(), [1, 1])
    result = await c.infer("colours", {"image": (one, "BYTES")}, parameters={"conf": 1.0})
    equal(result.as_numpy("counts").tolist(), [0])
    equal(result.as_numpy("boxes").shape, (1, 0, 4))
    text = np.array([b"no image"], dtype=np.object_)
    await c.refused("infer", "colours", {"image": (text, "BYTES")}, status="415")
    await c.refused("infer", "colours", {"image": (one, "BYTES")}, parameters={"conf": 2}, status="422", says="conf")


async def classification(c, _):
    array = np.array([[0.25, 3.5, -1], [9, 0, 1]], dtype=np.float32)
    for binary in (True, False):
        outputs = {"OUTPUT0": {"class_count": 2, "binary_data": binary}}
        result = await c.infer("identity_batched", {"INPUT0": (array, "FP32")}, outputs=outputs)
        rows = [[text.decode() if isinstance(text, bytes) else text for text in row] for row in result.as_numpy("OUTPUT0")]
        equal(rows, [["3.500000:1:bee", "0.250000:0:ant"], ["9.000000:0:ant", "1.000000:2:cat"]])


async def datatypes(c, _):
    arrays = {
        "BOOL": np.array([[True, False, True]]),
        "UINT8": np.array([[0, 1, 255]], np.uint8),
        "UINT16": np.array([[0, 1, 65535]], np.uint16),
        "UINT32": np.array([[0, 1, 4294967295]], np.uint32),
        "UINT64": np.array([[0, 1, 18446744073709551615]], np.uint64),
        "INT8": np.array([[-128, 0, 127]], np.int8),
        "INT16": np.array([[-32768, 0, 32767]], np.int16),
        "INT32": np.array([[-2147483648, 0, 2147483647]], np.int32),
        "INT64": np.array([[-9223372036854775808, 0, 9223372036854775807]], np.int64),
        "FP16": np.array([[1.5, -2.0, 65504.0]], np.float16),
        "FP32": np.array([[0.1, -0.0, 3.4028235e38]], np.float32),
        "FP64": np.array([[0.1, 5e-324, -1.7976931348623157e308]], np.float64),
    }
    failed = []
    for datatype, array in arrays.items():
        for binary in (True, False):
            for back in (True, False):
                try:
                    await one_datatype(c, datatype, array, binary, back)
                except Exception as error:  # noqa: BLE001 - all of them are to be told
                    failed.append(f"{datatype} binary in {binary} out {back}: {error}")
    assert not failed, "; ".join(failed)


async def one_datatype(c, datatype, array, binary, back):
    model = f"identity_{datatype.lower()}"
    outputs = {"OUTPUT0": {"binary_data": back}}
    if datatype == "FP16" and not binary:
        arrays = {"INPUT0": (array, datatype)}
        await c.refused("infer", model, arrays, binary=False, outputs=outputs, status="400", says="FP16")
        return
    result = await c.infer(model, {"INPUT0": (array, datatype)}, binary=binary, outputs=outputs)
    same(result, "OUTPUT0", array)
    np.testing.assert_array_equal(np.signbit(result.as_numpy("OUTPUT0")), np.signbit(array))


async def texts(c, _):
    texts = np.array([["", "plain", "naïve ☃ 😀"], ["a\"b", "line\nbreak", "\t"]], dtype=np.object_)
    wanted = [[one.encode() for one in row] for row in texts.tolist()]
    for binary in (True, False):
        for back in (True, False):
            outputs = {"OUTPUT0": {"binary_data": back}}
            result = await c.infer("identity_bytes", {"INPUT0": (texts, "BYTES")}, binary=binary, outputs=outputs)
            rows = result.as_numpy("OUTPUT0").tolist()
            equal([[one if isinstance(one, bytes) else one.encode() for one in row] for row in rows], wanted)


async def not_numbers(c, _):
    array = np.array([[np.nan, 1.0]], np.float32)
    for binary in (True, False):
        for back in (True, False):
            outputs = {"OUTPUT0": {"binary_data": back}}
            result = await c.infer("identity_fp32", {"INPUT0": (array, "FP32")}, binary=binary, outputs=outputs)
            same(result, "OUTPUT0", array)
    endless = np.array([[np.inf, -np.inf]], np.float32)
    for binary in (True, False):
        same(await c.infer("identity_fp32", {"INPUT0": (endless, "FP32")}, binary=binary), "OUTPUT0", endless)


async def empty_tensors(c, _):
    array = np.zeros((0, 3), np.float64)
    for binary in (True, False):
        for back in (True, False):
            outputs = {"OUTPUT0": {"binary_data": back}}
            result = await c.infer("identity_fp64", {"INPUT0": (array, "FP64")}, binary=binary, outputs=outputs)
            equal(result.as_numpy("OUTPUT0").shape, (0, 3))


async def large_tensors(c, _):
    array = np.random.default_rng(1).random((3, 640 * 640), dtype=np.float32)
    same(await c.infer("identity_fp32", {"INPUT0": (array, "FP32")}), "OUTPUT0", array)


async def bodies_made_apart(c, _):
    """The client's own writing and reading of bodies, carried by another HTTP client."""
    import http.client

    tensor = c.module.InferInput("INPUT0", [1, 2], "FP32")
    array = np.array([[1, 2]], np.float32)
    tensor.set_data_from_numpy(array)
    body, header_length = c.module.InferenceServerClient.generate_request_body([tensor])
    connection = http.client.HTTPConnection(c.url)
    headers = {"Inference-Header-Content-Length": str(header_length)}
    connection.request("POST", "/v2/models/identity_fp32/infer", body, headers)
    answer = connection.getresponse()
    length = answer.getheader("Inference-Header-Content-Length")
    parsed = c.module.InferenceServerClient.parse_response_body(answer.read(), header_length=int(length))
    same(parsed, "OUTPUT0", array)
    connection.close()


async def many_at_once(c, _):
    arrays = [np.full((1, 4), number, np.float32) for number in range(16)]
    if c.kind == "aio":
        results = await asyncio.gather(*[c.infer("identity_fp32", {"INPUT0": (one, "FP32")}) for one in arrays])
    else:
        parallel = c.module.InferenceServerClient(c.url, concurrency=4)
        pending = []
        for one in arrays:
            tensor = c.module.InferInput("INPUT0", list(one.shape), "FP32")
            tensor.set_data_from_numpy(one)
            pending.append(parallel.async_infer("identity_fp32", [tensor]))
        results = [one.get_result() for one in pending]
        parallel.close()
    for result, array in zip(results, arrays):
        same(result, "OUTPUT0", array)


CHECKS = [
    binary_and_json_both_ways,
    compression_both_ways,
    images,
    classification,
    datatypes,
    texts,
    not_numbers,
    empty_tensors,
    large_tensors,
    bodies_made_apart,
    many_at_once,
]
