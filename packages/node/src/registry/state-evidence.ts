/** States evidence of a node of this member's: the documents first, kept here for whoever is to fetch them. */
import type { StatementSigner } from '@answerable/core/registry'
import type { RegistryDocuments } from './documents.ts'
import type { Submitted } from './host.ts'
import type { Submitter } from './submitter.ts'

export interface OwnEvidence {
  /** The node's name, without its member. */
  node: string
  /** Origin of its log. */
  log: string
  /** The exact bytes of the evidence document, and of an archive of endorsements. */
  document: Uint8Array
  archive: Uint8Array
}

/**
 * States evidence, or refreshes it where the document is stated already. The host fetches both from this process, by the
 * address that the registry has of it. Rejects with `rule-forbids`, and `unavailable` where the host could not.
 */
export async function stateEvidence(
  { documents, submitter }: { documents: RegistryDocuments; submitter: Submitter },
  { node, log, document, archive }: OwnEvidence,
  signer: StatementSigner,
): Promise<Submitted> {
  const evidence = await documents.keep(document)
  const endorsements = await documents.keep(archive)
  const bytes = [document.length, archive.length]
  return submitter.state('evidence', { node, log, evidence, endorsements, bytes }, [signer])
}
