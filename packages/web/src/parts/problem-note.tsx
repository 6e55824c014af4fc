import type { Problem } from '../lib/problem.ts'

interface Props {
  /** What did not work, before why. */
  what: string
  problem: Problem
  again?: () => void
}

export function ProblemNote({ what, problem, again }: Props) {
  return (
    <div className="problem" role="alert">
      <p>
        <strong>{what}</strong> {problem.message}
      </p>
      <p className="fine">
        Code <code>{problem.code}</code>
      </p>
      {again && (
        <button type="button" className="quiet" onClick={again}>
          Try again
        </button>
      )}
    </div>
  )
}
