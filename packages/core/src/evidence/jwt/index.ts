/** Tokens by which a vendor's service says what it made of evidence. */
export {
  CONFIDENTIAL_SPACE_ISSUER,
  type ConfidentialSpaceToken,
  confidentialSpace,
} from './confidential-space.ts'
export { type MaaToken, maa } from './maa.ts'
export { NRAS_ISSUER, type NrasBundle, nras } from './nras.ts'
