export type { Drill, DrillReport, Notice } from './drill.ts'
export { formatReport } from './format.ts'
export { listDrills, type RunOptions, runDrill } from './run.ts'
