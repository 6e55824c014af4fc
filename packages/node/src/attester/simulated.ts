/**
 * A document in the form of AWS Nitro's (COSE_Sign1, RFC 9052, over CBOR, RFC 8949), of a machine that does not exist. It shows what
 * a check looks like where no recorded document is at hand, and says in its certificates and in itself that it is simulated: its
 * root is made on the spot, and no reader's policy names it.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export interface Simulated {
  /** Of a machine that nobody can look into, and of one that its owner can. */
  closed: Uint8Array
  debug: Uint8Array
  /** SHA-256 of the root's certificate, in hex. */
  root: string
}

const NAME = 'SIMULATED example, no hardware'
const HOUR = 3_600_000
const PCRS = 16
const PCR_BYTES = 48

/** `time` is Unix milliseconds: the documents are good for an hour from then. */
export function simulatedEvidence(time: number): Simulated {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const machine = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const root = certificate(`${NAME}: root`, authority.publicKey, authority.privateKey, time, true)
  const leaf = certificate(`${NAME}: machine`, machine.publicKey, authority.privateKey, time, false)
  const documentOf = (debug: boolean) => cose(payload(root, leaf, time, debug), machine.privateKey)
  return {
    closed: documentOf(false),
    debug: documentOf(true),
    root: createHash('sha256').update(root).digest('hex'),
  }
}

function payload(root: Buffer, leaf: Buffer, time: number, debug: boolean): Buffer {
  const measured = Buffer.alloc(PCR_BYTES, createHash('sha384').update(NAME).digest())
  // What a machine measures in debug mode is all zeros: AWS's way to say that it is in it.
  const pcr = (i: number) => (debug || i > 4 || i === 3 ? Buffer.alloc(PCR_BYTES) : measured)
  return map([
    [text('module_id'), text('simulated-example')],
    [text('digest'), text('SHA384')],
    [text('timestamp'), head(0, time)],
    [text('pcrs'), map(Array.from({ length: PCRS }, (_, i) => [head(0, i), bytes(pcr(i))]))],
    [text('certificate'), bytes(leaf)],
    [text('cabundle'), list([bytes(root)])],
    [text('public_key'), NULL],
    [text('user_data'), bytes(Buffer.from(NAME))],
    [text('nonce'), NULL],
  ])
}

function cose(content: Buffer, key: KeyObject): Uint8Array {
  // { alg: ES384 }
  const header = map([[head(0, 1), head(1, 34)]])
  const signed = list([text('Signature1'), bytes(header), bytes(Buffer.alloc(0)), bytes(content)])
  const signature = sign('sha384', signed, { key, dsaEncoding: 'ieee-p1363' })
  return new Uint8Array(list([bytes(header), map([]), bytes(content), bytes(signature)]))
}

/** CBOR: a major type and its argument. */
function head(major: number, value: number): Buffer {
  const type = major << 5
  if (value < 24) return Buffer.of(type | value)
  if (value < 256) return Buffer.of(type | 24, value)
  const out = Buffer.alloc(value < 65_536 ? 3 : 9)
  if (value < 65_536) {
    out[0] = type | 25
    out.writeUInt16BE(value, 1)
  } else {
    out[0] = type | 27
    out.writeBigUInt64BE(BigInt(value), 1)
  }
  return out
}
const NULL = Buffer.of(0xf6)
const bytes = (value: Buffer): Buffer => Buffer.concat([head(2, value.length), value])
const text = (value: string): Buffer => Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
const list = (values: Buffer[]): Buffer => Buffer.concat([head(4, values.length), ...values])
const map = (pairs: (readonly [Buffer, Buffer])[]): Buffer =>
  Buffer.concat([head(5, pairs.length), ...pairs.flat()])

/** As much of X.509 (RFC 5280) as a chain of two takes. */
function certificate(name: string, key: KeyObject, issuerKey: KeyObject, time: number, ca: boolean): Buffer {
  const extensions = [
    // BasicConstraints; KeyUsage: certificates for the root, signatures for the machine.
    extension('0603551d13', der(0x30, ...(ca ? [Buffer.of(1, 1, 0xff)] : []))),
    extension('0603551d0f', ca ? Buffer.of(3, 2, 2, 4) : Buffer.of(3, 2, 7, 0x80)),
  ]
  const body = der(
    0x30,
    der(0xa0, Buffer.of(2, 1, 2)),
    Buffer.of(2, 1, ca ? 1 : 2),
    ES384,
    nameOf(`${NAME}: root`),
    der(0x30, dateOf(time - 1000), dateOf(time + HOUR)),
    nameOf(name),
    key.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, ...extensions)),
  )
  const signature = sign('sha384', body, issuerKey)
  return der(0x30, body, ES384, der(3, Buffer.of(0), signature))
}

const ES384 = der(0x30, Buffer.from('06082a8648ce3d040303', 'hex'))

function extension(id: string, value: Buffer): Buffer {
  return der(0x30, Buffer.from(id, 'hex'), Buffer.of(1, 1, 0xff), der(4, value))
}

function nameOf(name: string): Buffer {
  const common = der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(name)))
  return der(0x30, der(0x31, common))
}

function dateOf(time: number): Buffer {
  const digits = new Date(time).toISOString().replace(/[-:T]/g, '').slice(0, 14)
  // Up to 2049, years have two digits (section 4.1.2.5).
  return digits < '2050'
    ? der(0x17, Buffer.from(`${digits.slice(2)}Z`))
    : der(0x18, Buffer.from(`${digits}Z`))
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}
