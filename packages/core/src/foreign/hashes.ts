/** keccak256, and signatures of Ethereum's sort (EIP-191 version 0x45, `personal_sign`). */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { concat, utf8 } from '../bytes.ts'

export function keccak256(...parts: Uint8Array[]): Uint8Array {
  return keccak_256(concat(...parts))
}

/**
 * The address whose key signed `text`: 65 bytes, of two numbers and how to recover the key. Undefined for what no wallet
 * makes, also for the other spelling of each signature, with a high s.
 */
export function personalSigner(text: string, signature: Uint8Array): Uint8Array | undefined {
  const last = signature[64]
  if (signature.length !== 65 || last === undefined) return undefined
  const recovery = last >= 27 ? last - 27 : last
  if (recovery > 1) return undefined
  const message = utf8(text)
  const digest = keccak256(utf8(`\x19Ethereum Signed Message:\n${message.length}`), message)
  try {
    const numbers = signature.subarray(0, 64)
    if (secp256k1.Signature.fromBytes(numbers, 'compact').hasHighS()) return undefined
    const recovered = concat(Uint8Array.of(recovery), numbers)
    const key = secp256k1.recoverPublicKey(recovered, digest, { prehash: false })
    return addressOf(key)
  } catch {
    return undefined
  }
}

/** The last 20 bytes of the hash of the uncompressed point. */
export function addressOf(key: Uint8Array): Uint8Array {
  return keccak256(secp256k1.Point.fromBytes(key).toBytes(false).subarray(1)).subarray(12)
}

/** ECDSA on secp256k1 over SHA-256, two numbers of 32 bytes. */
export function verifySecp256k1(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return secp256k1.verify(signature, message, key, { lowS: false })
  } catch {
    return false
  }
}
