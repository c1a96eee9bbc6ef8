"""The messages of ONNX, by field number, and the widths of its types.

Transcribed from https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (IR version 14). A test compares the
table with the descriptors of the `onnx` package.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.formats.protobuf import (
    BYTES,
    COUNT_BYTES,
    COUNT_F32,
    COUNT_F64,
    COUNT_INTS,
    F32,
    INT,
    INTS,
    SKIP,
    TEXT,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.formats.protobuf import Schema

SCHEMA: Schema = MappingProxyType(
    {
        "ModelProto": {
            1: ("ir_version", INT), 2: ("producer_name", TEXT), 3: ("producer_version", TEXT),
            4: ("domain", TEXT), 5: ("model_version", INT), 6: ("doc_string", BYTES),
            7: ("graph", "GraphProto"), 8: ("opset_import", "OperatorSetIdProto*"),
            14: ("metadata_props", "StringStringEntryProto*"), 20: ("training_info", "TrainingInfoProto*"),
            25: ("functions", "FunctionProto*"), 26: ("configuration", SKIP),
        },
        "GraphProto": {
            1: ("node", "NodeProto*"), 2: ("name", BYTES), 5: ("initializer", "TensorProto*"),
            10: ("doc_string", BYTES), 11: ("input", SKIP), 12: ("output", SKIP), 13: ("value_info", SKIP),
            14: ("quantization_annotation", SKIP), 15: ("sparse_initializer", "SparseTensorProto*"),
            16: ("metadata_props", SKIP),
        },
        "NodeProto": {
            1: ("input", SKIP), 2: ("output", SKIP), 3: ("name", BYTES), 4: ("op_type", TEXT),
            5: ("attribute", "AttributeProto*"), 6: ("doc_string", BYTES), 7: ("domain", TEXT),
            8: ("overload", BYTES), 9: ("metadata_props", SKIP), 10: ("device_configurations", SKIP),
        },
        "AttributeProto": {
            1: ("name", BYTES), 2: ("f", F32), 3: ("i", INT), 4: ("s", BYTES), 5: ("t", "TensorProto"),
            6: ("g", "GraphProto"), 7: ("floats", COUNT_F32), 8: ("ints", COUNT_INTS),
            9: ("strings", COUNT_BYTES), 10: ("tensors", "TensorProto*"), 11: ("graphs", "GraphProto*"),
            13: ("doc_string", BYTES), 14: ("tp", SKIP), 15: ("type_protos", SKIP), 20: ("type", INT),
            21: ("ref_attr_name", BYTES), 22: ("sparse_tensor", "SparseTensorProto"),
            23: ("sparse_tensors", "SparseTensorProto*"),
        },
        "TensorProto": {
            1: ("dims", INTS), 2: ("data_type", INT), 3: ("segment", SKIP), 4: ("float_data", COUNT_F32),
            5: ("int32_data", COUNT_INTS), 6: ("string_data", COUNT_BYTES), 7: ("int64_data", COUNT_INTS),
            8: ("name", TEXT), 9: ("raw_data", BYTES), 10: ("double_data", COUNT_F64),
            11: ("uint64_data", COUNT_INTS), 12: ("doc_string", BYTES),
            13: ("external_data", "StringStringEntryProto*"), 14: ("data_location", INT),
            16: ("metadata_props", SKIP),
        },
        "SparseTensorProto": {1: ("values", "TensorProto"), 2: ("indices", "TensorProto"), 3: ("dims", INTS)},
        "FunctionProto": {
            1: ("name", TEXT), 4: ("input", SKIP), 5: ("output", SKIP), 6: ("attribute", SKIP),
            7: ("node", "NodeProto*"), 8: ("doc_string", BYTES), 9: ("opset_import", SKIP),
            10: ("domain", TEXT), 11: ("attribute_proto", "AttributeProto*"), 12: ("value_info", SKIP),
            13: ("overload", BYTES), 14: ("metadata_props", SKIP),
        },
        "TrainingInfoProto": {
            1: ("initialization", "GraphProto"), 2: ("algorithm", "GraphProto"),
            3: ("initialization_binding", SKIP), 4: ("update_binding", SKIP),
        },
        "OperatorSetIdProto": {1: ("domain", TEXT), 2: ("version", INT)},
        "StringStringEntryProto": {1: ("key", TEXT), 2: ("value", TEXT)},
    }
)  # fmt: skip

STRING = 8
"""Number of the type of strings."""

TYPES: Mapping[int, tuple[str, int, str]] = MappingProxyType(
    {
        1: ("FLOAT", 32, "float_data"), 2: ("UINT8", 8, "int32_data"), 3: ("INT8", 8, "int32_data"),
        4: ("UINT16", 16, "int32_data"), 5: ("INT16", 16, "int32_data"), 6: ("INT32", 32, "int32_data"),
        7: ("INT64", 64, "int64_data"), STRING: ("STRING", 0, "string_data"), 9: ("BOOL", 8, "int32_data"),
        10: ("FLOAT16", 16, "int32_data"), 11: ("DOUBLE", 64, "double_data"),
        12: ("UINT32", 32, "uint64_data"), 13: ("UINT64", 64, "uint64_data"),
        14: ("COMPLEX64", 64, "float_data"), 15: ("COMPLEX128", 128, "double_data"),
        16: ("BFLOAT16", 16, "int32_data"), 17: ("FLOAT8E4M3FN", 8, "int32_data"),
        18: ("FLOAT8E4M3FNUZ", 8, "int32_data"), 19: ("FLOAT8E5M2", 8, "int32_data"),
        20: ("FLOAT8E5M2FNUZ", 8, "int32_data"), 21: ("UINT4", 4, "int32_data"),
        22: ("INT4", 4, "int32_data"), 23: ("FLOAT4E2M1", 4, "int32_data"),
        24: ("FLOAT8E8M0", 8, "int32_data"), 25: ("UINT2", 2, "int32_data"), 26: ("INT2", 2, "int32_data"),
        27: ("FLOAT6E2M3", 6, "int32_data"), 28: ("FLOAT6E3M2", 6, "int32_data"),
    }
)  # fmt: skip
"""Type number -> name, bits of one element, and the field for values that are not raw."""
