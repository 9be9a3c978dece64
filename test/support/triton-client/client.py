"""Both of tritonclient's HTTP clients behind one face."""

import asyncio
import importlib

MODULES = {"sync": "tritonclient.http", "aio": "tritonclient.http.aio"}


class Client:
    """Both clients have the same methods; here both are awaited."""

    def __init__(self, kind, url, **options):
        self.kind = kind
        self.url = url
        self.module = importlib.import_module(MODULES[kind])
        self.client = self.module.InferenceServerClient(url, **options)

    async def call(self, name, *args, **kwargs):
        result = getattr(self.client, name)(*args, **kwargs)
        return await result if asyncio.iscoroutine(result) else result

    async def infer(self, model, arrays, binary=True, outputs=None, **kwargs):
        inputs = []
        for name, (array, datatype) in arrays.items():
            tensor = self.module.InferInput(name, list(array.shape), datatype)
            tensor.set_data_from_numpy(array, binary_data=binary)
            inputs.append(tensor)
        if outputs is not None:
            outputs = [self.module.InferRequestedOutput(name, **options) for name, options in outputs.items()]
        return await self.call("infer", model, inputs, outputs=outputs, **kwargs)

    async def refused(self, name, *args, status, says="", **kwargs):
        from tritonclient.utils import InferenceServerException

        try:
            await (self.infer(*args, **kwargs) if name == "infer" else self.call(name, *args, **kwargs))
        except InferenceServerException as error:
            assert error.status() == status, f"status {error.status()}, expected {status}: {error}"
            assert isinstance(error.message(), str) and error.message() != ""
            assert "exception occurred in the client" not in error.message(), error.message()
            assert says in str(error), f"{error} does not say {says!r}"
            return
        raise AssertionError(f"{name} was not refused")


def equal(left, right):
    assert left == right, f"{left!r} is not {right!r}"


def same(result, name, array):
    import numpy as np

    got = result.as_numpy(name)
    equal(got.shape, array.shape)
    equal(got.dtype, array.dtype)
    np.testing.assert_array_equal(got, array)
