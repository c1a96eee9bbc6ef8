"""The messages of TensorFlow's graphs and checkpoints, by field number.

Transcribed from https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core (framework/ and
protobuf/) and, for `SavedMetadata`, from Keras 2's saved_metadata.proto. Messages that are stepped over
are those that neither run nor name anything: shapes, types, signatures, debug information.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.formats.protobuf import (
    BYTES,
    COUNT_F32,
    COUNT_F64,
    COUNT_INTS,
    F32,
    FIRST,
    INT,
    SKIP,
    TEXT,
    TEXTS,
)

if TYPE_CHECKING:
    from safeload.formats.protobuf import Schema

SCHEMA: Schema = MappingProxyType(
    {
        "SavedModel": {1: ("saved_model_schema_version", INT), 2: ("meta_graphs", "MetaGraphDef*")},
        "MetaGraphDef": {
            1: ("meta_info_def", "MetaInfoDef"), 2: ("graph_def", "GraphDef"), 3: ("saver_def", SKIP),
            4: ("collection_def", SKIP), 5: ("signature_def", SKIP), 6: ("asset_file_def", "AssetFileDef*"),
            7: ("object_graph_def", "SavedObjectGraph"),
        },
        "MetaInfoDef": {
            1: ("meta_graph_version", BYTES), 2: ("stripped_op_list", SKIP), 3: ("any_info", SKIP),
            4: ("tags", SKIP), 5: ("tensorflow_version", TEXT), 6: ("tensorflow_git_version", BYTES),
            7: ("stripped_default_attrs", INT), 8: ("function_aliases", SKIP),
        },
        "AssetFileDef": {1: ("tensor_info", "TensorInfo"), 2: ("filename", TEXT)},
        "TensorInfo": {
            1: ("name", TEXT), 2: ("dtype", INT), 3: ("tensor_shape", SKIP), 4: ("coo_sparse", SKIP),
            5: ("composite_tensor", SKIP),
        },
        "GraphDef": {
            1: ("node", "NodeDef*"), 2: ("library", "FunctionDefLibrary"), 3: ("version", INT),
            4: ("versions", SKIP), 5: ("debug_info", SKIP),
        },
        "NodeDef": {
            1: ("name", TEXT), 2: ("op", TEXT), 3: ("input", TEXTS), 4: ("device", BYTES),
            5: ("attr", "AttrEntry*"), 6: ("experimental_debug_info", SKIP), 7: ("experimental_type", SKIP),
        },
        "AttrEntry": {1: ("key", TEXT), 2: ("value", "AttrValue")},
        "AttrValue": {
            1: ("list", "ListValue"), 2: ("s", BYTES), 3: ("i", INT), 4: ("f", F32), 5: ("b", INT),
            6: ("type", INT), 7: ("shape", SKIP), 8: ("tensor", "ConstTensor"), 9: ("placeholder", BYTES),
            10: ("func", "NameAttrList"),
        },
        "ListValue": {
            2: ("s", SKIP), 3: ("i", COUNT_INTS), 4: ("f", COUNT_F32), 5: ("b", COUNT_INTS),
            6: ("type", COUNT_INTS), 7: ("shape", SKIP), 8: ("tensor", SKIP), 9: ("func", "NameAttrList*"),
        },
        "ConstTensor": {
            1: ("dtype", INT), 2: ("tensor_shape", SKIP), 3: ("version_number", INT),
            4: ("tensor_content", SKIP), 5: ("float_val", COUNT_F32), 6: ("double_val", COUNT_F64),
            7: ("int_val", COUNT_INTS), 8: ("string_val", FIRST), 9: ("scomplex_val", COUNT_F32),
            10: ("int64_val", COUNT_INTS), 11: ("bool_val", COUNT_INTS), 12: ("dcomplex_val", COUNT_F64),
            13: ("half_val", COUNT_INTS), 14: ("resource_handle_val", SKIP), 15: ("variant_val", SKIP),
            16: ("uint32_val", COUNT_INTS), 17: ("uint64_val", COUNT_INTS), 18: ("float8_val", SKIP),
        },
        "NameAttrList": {1: ("name", TEXT), 2: ("attr", "AttrEntry*")},
        "FunctionDefLibrary": {
            1: ("function", "FunctionDef*"), 2: ("gradient", SKIP), 3: ("registered_gradients", SKIP),
        },
        "FunctionDef": {
            1: ("signature", "OpDef"), 3: ("node_def", "NodeDef*"), 4: ("ret", SKIP), 5: ("attr",
            "AttrEntry*"),
            6: ("control_ret", SKIP), 7: ("arg_attr", SKIP), 8: ("resource_arg_unique_id", SKIP),
        },
        "OpDef": {
            1: ("name", TEXT), 2: ("input_arg", "ArgDef*"), 3: ("output_arg", SKIP), 4: ("attr", SKIP),
            5: ("summary", SKIP), 6: ("description", SKIP), 8: ("deprecation", SKIP),
            16: ("is_aggregate", INT), 17: ("is_stateful", INT), 18: ("is_commutative", INT),
            19: ("allows_uninitialized_input", INT), 20: ("control_output", SKIP),
            21: ("is_distributed_communication", INT),
        },
        "ArgDef": {
            1: ("name", TEXT), 2: ("description", SKIP), 3: ("type", INT), 4: ("type_attr", SKIP),
            5: ("number_attr", SKIP), 6: ("type_list_attr", SKIP), 7: ("handle_data", SKIP),
            16: ("is_ref", INT), 17: ("experimental_full_type", SKIP),
        },
        "SavedObjectGraph": {1: ("nodes", "SavedObject*"), 2: ("concrete_functions", SKIP)},
        "SavedObject": {
            4: ("user_object", "SavedUserObject"), 13: ("registered_name", BYTES),
            **{number: (f"field_{number}", SKIP) for number in (1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16)},
        },
        "SavedUserObject": {1: ("identifier", TEXT), 2: ("version", SKIP), 3: ("metadata", TEXT)},
        "SavedMetadata": {1: ("nodes", "MetadataObject*")},
        "MetadataObject": {
            2: ("node_id", INT), 3: ("node_path", TEXT), 4: ("identifier", TEXT), 5: ("metadata", TEXT),
            6: ("version", SKIP),
        },
        "BundleHeaderProto": {1: ("num_shards", INT), 2: ("endianness", INT), 3: ("version", SKIP)},
        "BundleEntryProto": {
            1: ("dtype", INT), 2: ("shape", "TensorShapeProto"), 3: ("shard_id", INT), 4: ("offset", INT),
            5: ("size", INT), 6: ("crc32c", F32), 7: ("slices", "TensorSliceProto*"),
        },
        "TensorShapeProto": {2: ("dim", "Dim*"), 3: ("unknown_rank", INT)},
        "Dim": {1: ("size", INT), 2: ("name", SKIP)},
        "TensorSliceProto": {1: ("extent", SKIP)},
    }
)  # fmt: skip
