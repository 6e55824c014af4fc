import type { ReactNode } from 'react'

interface Props {
  id: string
  title: string
  /** One or two sentences on what this part is for. */
  lead: ReactNode
  children: ReactNode
}

export function Section({ id, title, lead, children }: Props) {
  return (
    <section className="section" id={id} aria-labelledby={`${id}-title`}>
      <div className="section-head">
        <h2 id={`${id}-title`} tabIndex={-1}>
          {title}
        </h2>
        <p className="lead">{lead}</p>
      </div>
      <div className="section-body">{children}</div>
    </section>
  )
}
