/**
 * A model as its publisher describes it: what it is, under which licence, for what, and within which limits. As a card
 * (`model.json`) it lies beside the model's files and is signed with them; with the manifest's digest it is what a
 * registry is told.
 */
import { parseJson } from '../json.ts'
import { type JsonObject, Shape } from '../shape.ts'

export interface ModelCard {
  name: string
  version: string
  /** An SPDX expression where there is one, such as Apache-2.0. */
  licence: string
  intendedUse: string
  /** What it is not for, and where it is known to fail: a sentence each. */
  limits: string[]
  publisher: string
  /** onnx, gguf, safetensors or another. */
  format: string
  /** How many weights it has. */
  parameters?: number
}

export interface PublishedModel extends ModelCard {
  /** SHA-256 of the manifest's statement, in hex. */
  manifest: string
}

/** The name of the card in a model's folder. */
export const CARD_FILE = 'model.json'
export const MAX_CARD_BYTES = 64 * 1024

const shape = new Shape('bad-model-card')
// As in the registry's statement of a model.
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$/
const VERSION = /^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}$/
const FORMAT = /^[a-z0-9][a-z0-9._-]{0,31}$/

/** Reads a card. Unknown fields are ignored. Throws `bad-model-card` and what `parseJson` throws. */
export function parseModelCard(bytes: Uint8Array): ModelCard {
  return cardOf(rootOf(bytes))
}

/** Reads a description with its manifest. Throws as `parseModelCard` does. */
export function parsePublishedModel(bytes: Uint8Array): PublishedModel {
  return publishedModelOf(rootOf(bytes))
}

/** The same from a value that was read already, such as a part of a statement. Throws `bad-model-card`. */
export function publishedModelOf(value: unknown): PublishedModel {
  const root = shape.object(value, 'model')
  return { ...cardOf(root), manifest: shape.digest(root.manifest, 'manifest') }
}

function rootOf(bytes: Uint8Array): JsonObject {
  return shape.object(parseJson(bytes, { maxBytes: MAX_CARD_BYTES, maxDepth: 8 }), 'model')
}

function cardOf(root: JsonObject): ModelCard {
  const card: ModelCard = {
    name: shape.string(root.name, 'name', 128, NAME, 'letters, digits and . _ / - alone'),
    version: shape.string(root.version, 'version', 64, VERSION, 'letters, digits and . + - alone'),
    licence: words(root.licence, 'licence', 128),
    intendedUse: words(root.intendedUse, 'intendedUse', 4096),
    limits: shape.array(root.limits, 'limits', 64).map((item, i) => words(item, `limits[${i}]`, 4096)),
    publisher: words(root.publisher, 'publisher', 256),
    format: shape.string(root.format, 'format', 32, FORMAT, 'a format like onnx, gguf or safetensors'),
  }
  if (root.parameters !== undefined) card.parameters = shape.count(root.parameters, 'parameters')
  return card
}

/** A text that says something, and cannot steer what shows it. */
function words(value: unknown, where: string, most: number): string {
  const text = shape.string(value, where, most)
  if (text.trim() === '') shape.fail(where, 'a text that is not empty')
  if (/(?![\n\t])\p{Cc}/u.test(text)) shape.fail(where, 'a text without control characters')
  return text
}
