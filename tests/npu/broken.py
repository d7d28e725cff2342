"""Models broken in the ways that users meet, made from sound static ones: what `ovenbird check` must tell apart."""
import numpy as np
import openvino as ov
from openvino import opset13 as ops


def _read(xml):
    return ov.Core().read_model(str(xml))


def _nodes(model, kind):
    return [node for node in model.get_ordered_ops() if node.get_type_name() == kind]


def dynamic_tokens(model):
    """Never reshaped: the exporter's dynamic axis of tokens."""
    model.reshape({port.any_name: [1, -1] for port in model.inputs})


def dynamic_batch(model):
    """Reshaped, but for the batch."""
    model.reshape({port.any_name: [-1, port.get_partial_shape()[1]] for port in model.inputs})


def bounded_tokens(model):
    """An interval instead of a number of tokens."""
    model.reshape({port.any_name: [1, ov.Dimension(1, port.get_partial_shape()[1].get_length())] for port in model.inputs})


def attention_written_out(model):
    """ScaledDotProductAttention as MatMul, Softmax, MatMul."""
    for node in _nodes(model, "ScaledDotProductAttention"):
        query, key, value, mask, scale = (node.input_value(i) for i in range(5))
        scores = ops.matmul(ops.multiply(query, scale), key, False, True)
        mixed = ops.matmul(ops.softmax(ops.add(scores, mask), -1), value, False, False)
        node.output(0).replace(mixed.output(0))


def heads_by_transpose(model):
    """Heads separated by Reshape and Transpose, as exporters do."""
    for split in _nodes(model, "Split"):
        first = list(split.output(0).get_target_inputs())[0].get_node()
        joined = list(first.output(0).get_target_inputs())[0].get_node()
        if first.get_type_name() != "Reshape" or joined.get_type_name() != "Concat":
            continue
        joined.output(0).replace(ops.transpose(split.input_value(0), ops.constant(np.array([0, 2, 1, 3]))).output(0))


def duplicated_names(model):
    """Two results of one name, as a careless merge of graphs leaves them."""
    nodes = _nodes(model, "MatMul")
    nodes[1].set_friendly_name(nodes[0].get_friendly_name())


def shape_of_data(model):
    """Operations whose output shape depends on data."""
    parameter = next(port for port in model.inputs if "attention_mask" in port.get_names())
    found = ops.non_zero(parameter, "i64")
    model.add_results([ops.result(ops.gather(found, ops.constant(np.array([0])), ops.constant(np.int64(0))))])


def double_precision(model):
    """A norm computed in f64."""
    node = _nodes(model, "ReduceMean")[0]
    value = node.input_value(0)
    wide = ops.convert(ops.reduce_mean(ops.convert(value, "f64"), ops.constant(np.array([-1])), True), "f32")
    node.output(0).replace(wide.output(0))


def infinite_mask(model):
    """A mask of minus infinity instead of a large number."""
    for node in _nodes(model, "Select"):
        node.input(2).replace_source_output(ops.constant(np.float32(-np.inf)).output(0))


def _add_to_output(node, extra):
    """node + extra, for everything that reads the node."""
    targets = list(node.output(0).get_target_inputs())
    total = ops.add(node.output(0), extra)
    for target in targets:
        if target.get_node() is not extra:
            target.replace_source_output(total.output(0))


def sum_times_vector(model):
    """Zero points as a rank-1 term, the sum of each row written as a ReduceSum."""
    node = _nodes(model, "MatMul")[0]
    width = list(node.output(0).get_shape())[-1]
    total = ops.reduce_sum(node.input_value(0), ops.constant(np.array([-1])), True)
    _add_to_output(node, ops.multiply(total, ops.constant(np.linspace(-1, 1, width, dtype=np.float32))))


def ragged_int4_rows(model):
    """INT4 rows of 240 columns, as an odd number of heads of 80 makes them."""
    node = _nodes(model, "MatMul")[0]
    width, columns = list(node.output(0).get_shape())[-1], 240
    depth = list(node.input_value(0).get_shape())[-1]
    narrow = ops.matmul(node.input_value(0), ops.constant(np.full((columns, depth), 0.01, np.float16).astype(np.float32)),
                        False, True)
    codes = ov.Tensor(ov.Type.i4, ov.Shape([width, columns]))
    codes.data.reshape(-1)[:] = np.arange(width * columns // 2) % 119
    weights = ops.multiply(ops.convert(ops.constant(codes), "f16"), ops.constant(np.full((width, 1), 0.01, np.float16)))
    _add_to_output(node, ops.matmul(narrow, ops.convert(weights, "f32"), False, True))


WAYS = (dynamic_tokens, dynamic_batch, bounded_tokens, attention_written_out, heads_by_transpose, duplicated_names,
        shape_of_data, double_precision, infinite_mask, sum_times_vector, ragged_int4_rows)


def break_model(xml, way, target):
    """Writes a broken copy of an IR."""
    model = _read(xml)
    way(model)
    model.validate_nodes_and_infer_types()
    ov.serialize(model, str(target))
    return target
