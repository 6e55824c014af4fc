/** What a model learns from, and the groups that its figures are broken down by. */
import type { Applicant } from './credit-schema.ts'

export interface LabelledApplicant {
  applicant: Applicant
  /** The label on record: the loan went well. */
  good: boolean
}

/** Groups that overlap: each applicant is in one of each pair. */
export const GROUPS: Record<string, (applicant: Applicant) => boolean> = {
  female: isFemale,
  male: applicant => !isFemale(applicant),
  under_26: isYoung,
  '26_and_over': applicant => !isYoung(applicant),
  foreign_worker: isForeignWorker,
  not_foreign_worker: applicant => !isForeignWorker(applicant),
}

export function isFemale(applicant: Applicant): boolean {
  return applicant.personal_status_sex === 2 || applicant.personal_status_sex === 5
}

export function isYoung(applicant: Applicant): boolean {
  return applicant.age_years! < 26
}

export function isForeignWorker(applicant: Applicant): boolean {
  return applicant.foreign_worker === 1
}
