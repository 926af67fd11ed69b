// Which versions of Node run Headwater: 20.19 and newer 20s, 22.12 and newer (what Vite 8 asks for, too).

/** What to tell someone whose Node is too old; null when it is fine. */
export function nodeComplaint(version) {
  const numbers = version.split('.').map(Number)
  const major = numbers[0]
  const minor = numbers[1]
  const fine = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
  if (fine) return null
  return (
    'Headwater needs Node 20.19 or newer (22.12 or newer in the 22 line); this is ' +
    version +
    '.\nGet one from https://nodejs.org or with a version manager, for example: nvm install 22'
  )
}
