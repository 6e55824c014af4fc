/** How this program is called where it was started: by npm in a clone, by name where it is installed. */
export function program(): string {
  return process.env.npm_lifecycle_event === undefined ? 'answerable' : 'npm run -s answerable --'
}
