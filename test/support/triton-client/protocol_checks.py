"""What tritonclient asks and steers beside inference, and how it is refused."""

import ast

import numpy as np
from client import Client, equal, same


async def health(c, _):
    assert await c.call("is_server_live") is True
    assert await c.call("is_server_ready") is True
    assert await c.call("is_model_ready", "simple") is True
    assert await c.call("is_model_ready", "simple", "1") is True
    assert await c.call("is_model_ready", "simple", "9") is False
    assert await c.call("is_model_ready", "nobody") is False
    assert await c.call("is_model_ready", "with a space/and a slash") is False


async def metadata(c, _):
    server = await c.call("get_server_metadata")
    equal(server["name"], "tradewind")
    assert {"binary_tensor_data", "model_repository", "statistics"} <= set(server["extensions"])
    for version in ("", "1"):
        model = await c.call("get_model_metadata", "simple", version)
        equal(model["name"], "simple")
        equal(model["versions"], ["1"])
        equal(model["inputs"][0], {"name": "INPUT0", "datatype": "INT32", "shape": [-1, 16]})
    image = await c.call("get_model_metadata", "colours")
    equal(image["inputs"], [{"name": "image", "datatype": "BYTES", "shape": [-1]}])
    await c.refused("get_model_metadata", "nobody", status="404", says="Request for unknown model: 'nobody'")


async def config(c, _):
    for version in ("", "1"):
        found = await c.call("get_model_config", "simple", version)
        equal(found["name"], "simple")
        equal([one["data_type"] for one in found["input"]], ["TYPE_INT32", "TYPE_INT32"])
    batched = await c.call("get_model_config", "identity_batched")
    equal(batched["max_batch_size"], 8)
    equal(batched["input"][0]["dims"], [-1])
    await c.refused("get_model_config", "nobody", status="404")


async def as_ultralytics_reads_it(c, _):
    """What YOLO("http://host/colours") does: the config's names, its metadata, then all outputs in binary."""
    found = await c.call("get_model_config", "colours")
    metadata = ast.literal_eval(found["parameters"]["metadata"]["string_value"])
    equal(metadata["task"], "detect")
    equal(metadata["names"], {0: "red", 1: "green", 2: "blue"})
    equal(metadata["imgsz"], [64, 64])
    equal((metadata["stride"], metadata["batch"]), (32, 1))
    equal([one["data_type"] for one in found["input"]], ["TYPE_FP32"])
    names = sorted(one["name"] for one in found["output"])
    green = np.zeros((1, 3, 64, 64), dtype=np.float32)
    green[:, 1] = 1
    inputs = {found["input"][0]["name"]: (green, found["input"][0]["data_type"].split("_")[-1])}
    result = await c.infer("colours", inputs, outputs={name: {"binary_data": True} for name in names})
    rows = result.as_numpy("output0")
    equal((rows.shape, str(rows.dtype)), ((1, 7, 4), "float32"))
    equal(rows[0, 4:, 1].tolist(), [0.0, 1.0, 0.0])


async def statistics(c, _):
    async def count():
        found = await c.call("get_inference_statistics", "identity_int8")
        stats = found["model_stats"][0]
        return stats["inference_count"], stats["inference_stats"]["success"]["count"]

    before = await count()
    await c.infer("identity_int8", {"INPUT0": (np.ones((1, 3), np.int8), "INT8")})
    equal(await count(), (before[0] + 1, before[1] + 1))
    versions = await c.call("get_inference_statistics", "two_versions")
    equal([one["version"] for one in versions["model_stats"]], ["1", "2"])
    one = await c.call("get_inference_statistics", "two_versions", "2")
    equal([one["version"] for one in one["model_stats"]], ["2"])
    everything = await c.call("get_inference_statistics")
    assert len(everything["model_stats"]) > 10
    await c.refused("get_inference_statistics", "nobody", status="404")


async def repository(c, _):
    index = await c.call("get_model_repository_index")
    assert {"name": "simple", "version": "1", "state": "READY"} in index, index
    await c.call("unload_model", "one_text", unload_dependents=True)
    assert await c.call("is_model_ready", "one_text") is False
    await c.call("load_model", "one_text")
    assert await c.call("is_model_ready", "one_text") is True
    await c.call("load_model", "identity_int16", config='{"instance_group":[{"count":2}]}')
    equal((await c.call("get_model_config", "identity_int16"))["instance_group"][0]["count"], 2)
    await c.call("load_model", "identity_int16")
    await c.refused("load_model", "one_text", config="{", status="400", says="failed to load")
    await c.refused("load_model", "nobody", status="404", says="failed to load")
    await c.refused("unload_model", "nobody", status="404")
    await c.refused("load_model", "one_text", config="{}", files={"file:1/model.onnx": b"x"}, status="400")
    assert await c.call("is_model_ready", "one_text") is True


async def ids_versions_parameters_and_headers(c, _):
    array = np.ones((2,), np.float32)
    for version in ("", "1", "2"):
        result = await c.infer(
            "two_versions",
            {"INPUT0": (array, "FP32")},
            model_version=version,
            request_id="frame 1 ☃",
            priority=2,
            timeout=5_000_000,
            sequence_id=7,
            sequence_start=True,
            sequence_end=True,
            headers={"authorization": "Bearer x", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
            query_params={"a": [1, 2], "b": "x y"},
            parameters={"text": "t", "truth": True, "whole": 3, "real": 0.5},
        )
        answer = result.get_response()
        equal(answer["id"], "frame 1 ☃")
        equal(answer["model_name"], "two_versions")
        equal(answer["model_version"], version or "2")
        same(result, "OUTPUT0", array)
    plain = await c.infer("two_versions", {"INPUT0": (array, "FP32")})
    assert "id" not in plain.get_response()
    named = await c.infer("two_versions", {"INPUT0": (array, "FP32")}, sequence_id="camera", sequence_start=True)
    same(named, "OUTPUT0", array)


async def errors(c, _):
    array = np.ones((1, 16), np.int32)
    both = {"INPUT0": (array, "INT32"), "INPUT1": (array, "INT32")}
    one = {"INPUT0": (array, "INT32")}
    refused = c.refused
    await refused("infer", "nobody", both, status="404", says="Request for unknown model: 'nobody'")
    await refused("infer", "simple", both, model_version="9", status="404")
    await refused("infer", "simple", one, status="400", says="INPUT1")
    await refused("infer", "simple", {**both, "INPUT2": (array, "INT32")}, status="400", says="INPUT2")
    await refused("infer", "simple", {**both, "INPUT1": (array[:, :8], "INT32")}, status="400", says="shape")
    floats = {**both, "INPUT1": (array.astype(np.float32), "FP32")}
    await refused("infer", "simple", floats, status="400", says="data-type")
    await refused("infer", "simple", both, outputs={"OUTPUT9": {}}, status="400", says="OUTPUT9")
    many = np.ones((9, 1), np.float32)
    await refused("infer", "identity_batched", {"INPUT0": (many, "FP32")}, status="400", says="batch-size")


async def trace_and_log_settings(c, _):
    before = await c.call("get_trace_settings")
    assert {"trace_level", "trace_rate", "trace_count", "log_frequency", "trace_file"} <= set(before)
    equal(await c.call("update_trace_settings", settings={}), before)
    changed = await c.call("update_trace_settings", settings={"trace_level": ["TIMESTAMPS"], "trace_rate": "7"})
    equal((changed["trace_level"], changed["trace_rate"]), (["TIMESTAMPS"], "7"))
    own = await c.call("update_trace_settings", model_name="simple", settings={"trace_rate": "3"})
    equal(own["trace_rate"], "3")
    equal((await c.call("get_trace_settings", model_name="simple"))["trace_rate"], "3")
    equal((await c.call("get_trace_settings"))["trace_rate"], "7")
    await c.call("update_trace_settings", model_name="simple", settings={"trace_rate": None})
    await c.call("update_trace_settings", settings={"trace_level": None, "trace_rate": None})
    equal(await c.call("get_trace_settings"), before)
    await c.refused("update_trace_settings", settings={"trace_level": ["EVERYTHING"]}, status="400")
    await c.refused("get_trace_settings", model_name="nobody", status="404")
    logged = await c.call("get_log_settings")
    assert {"log_info", "log_verbose_level", "log_format"} <= set(logged)
    equal((await c.call("update_log_settings", {"log_verbose_level": 1}))["log_verbose_level"], 1)
    await c.call("update_log_settings", logged)
    equal(await c.call("get_log_settings"), logged)
    await c.refused("update_log_settings", {"log_verbose_level": -1}, status="400")


async def shared_memory_is_refused_readably(c, _):
    for kind in ("system", "cuda"):
        equal(await c.call(f"get_{kind}_shared_memory_status"), [])
        await c.call(f"unregister_{kind}_shared_memory")
    await c.refused("register_system_shared_memory", "a", "/a", 16, status="400")
    tensor = c.module.InferInput("INPUT0", [1, 2], "FP32")
    tensor.set_shared_memory("a", 8)
    from tritonclient.utils import InferenceServerException

    try:
        await c.call("infer", "identity_fp32", [tensor])
    except InferenceServerException as error:
        equal(error.status(), "400")
        assert "shared memory" in str(error), str(error)
        return
    raise AssertionError("shared memory was not refused")


async def a_base_path_leads_nowhere_readably(c, _):
    elsewhere = Client(c.kind, f"{c.url}/base/path")
    try:
        await elsewhere.refused("get_server_metadata", status="404")
    finally:
        await elsewhere.call("close")


CHECKS = [
    health,
    metadata,
    config,
    as_ultralytics_reads_it,
    statistics,
    repository,
    ids_versions_parameters_and_headers,
    errors,
    trace_and_log_settings,
    shared_memory_is_refused_readably,
    a_base_path_leads_nowhere_readably,
]
