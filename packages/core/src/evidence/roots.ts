/**
 * Where trust in hardware begins: SHA-256 fingerprints of vendors' root certificates, as the vendors publish them. The
 * certificates come along with evidence or endorsements and count only if they are these. A reader's policy replaces any
 * row.
 */
export const ROOT_SETS = [
  'nitro',
  'intel',
  'amd',
  'nvidia',
  'nvidia-rim',
  'google',
  'sigstore',
  'nras',
  'maa',
] as const
export type RootSet = (typeof ROOT_SETS)[number]
export type Roots = Readonly<Record<RootSet, readonly string[]>>

export const DEFAULT_ROOTS: Roots = {
  /** AWS Nitro Enclaves root G1. */
  nitro: ['641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b'],
  /** Intel SGX root CA. */
  intel: ['44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3'],
  /** ARK of Milan, Genoa and Turin. */
  amd: [
    '69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd',
    '4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1',
    '1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a',
  ],
  /** NVIDIA device identity CA. */
  nvidia: ['102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48'],
  /** NVIDIA CoRIM signing root CA. */
  'nvidia-rim': ['12977b5115acb0381179279fffeb5a8c4d264971ebb32298023a465fa41df5d1'],
  /** Confidential Space root CA. */
  google: ['148b293821bb0c6a317f413c8ba475814091cb22d49b9e3c94198db8e8f86c39'],
  /** SHA-256 of the trusted root file (JSON) that the reader takes for Sigstore's: none unless told, it changes. */
  sigstore: [],
  /** SHA-256 of archived key sets (JWK Set, RFC 7517) of the two services: none unless told, they change. */
  nras: [],
  maa: [],
}

/** The roots of a set, to look up in. */
export function rootSet(roots: Roots, name: RootSet): ReadonlySet<string> {
  return new Set(roots[name])
}
