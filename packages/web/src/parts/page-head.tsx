import type { Status } from '../lib/api.ts'
import type { Loaded } from '../lib/use-loaded.ts'
import { Standing } from './standing.tsx'

export function PageHead({ status }: { status: Loaded<Status> }) {
  return (
    <header className="page-head">
      <p className="brand">Answerable</p>
      <h1>Every answer comes with a receipt that anyone can check.</h1>
      <p className="lede">
        What an AI was asked and what it answered is put on record in a public log, so that later anyone can
        see who stands behind it, check whether anybody changed it, and read what all this does not show.
      </p>
      <Standing status={status} />
    </header>
  )
}
