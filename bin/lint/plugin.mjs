// An ESLint plugin with one rule, `arrows`: no import against the plan in arrows.mjs.
import { builtinModules } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { ARROWS, ENGINES, HTTP_ENGINES, ISOMORPHIC } from './arrows.mjs'

const arrows = {
  meta: { type: 'problem', schema: [], messages: { wrong: '{{why}}' } },
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join('/')
    const check = (node, source, isTypeOnly) => {
      if (typeof source?.value !== 'string') return
      const why = whyNot(file, source.value, isTypeOnly)
      if (why) context.report({ node: source, messageId: 'wrong', data: { why } })
    }
    return {
      ImportDeclaration: (node) => check(node, node.source, node.importKind === 'type'),
      ExportNamedDeclaration: (node) => check(node, node.source, node.exportKind === 'type'),
      ExportAllDeclaration: (node) => check(node, node.source, node.exportKind === 'type'),
      ImportExpression: (node) => check(node, node.source, false),
      TSImportType: (node) => check(node, node.source, true),
    }
  },
}

/** Why a file may not import something; null when it may. Paths are relative to the root, with slashes. */
export function whyNot(file, source, isTypeOnly = false) {
  if (source.startsWith('.')) return whyNotOurs(file, join(dirname(file), source).split(sep).join('/'))
  const name = packageName(source)
  return whyNotNode(file, source) ?? whyNotEngine(file, name, isTypeOnly)
}

function whyNotOurs(file, target) {
  const from = topFolder(file)
  const to = topFolder(target)
  const allowed = ARROWS[from]
  if (!allowed || from === to || allowed.includes(to)) return null
  if (isTest(file) && to === 'tests') return null
  const list = allowed.length > 0 ? allowed.join(', ') : 'nothing of ours'
  return `${from} may import ${list}, not ${to || 'the root'} (docs/overview.md)`
}

function whyNotNode(file, source) {
  const isNode = source.startsWith('node:') || builtinModules.includes(source)
  if (!isNode || isTest(file) || isBuildFile(file) || !ISOMORPHIC.includes(topFolder(file))) return null
  return `${topFolder(file)} runs in browsers too: no Node modules`
}

function whyNotEngine(file, name, isTypeOnly) {
  if (isTest(file) || topFolder(file) === 'tests') return null
  if (HTTP_ENGINES.includes(name) && !isTypeOnly && !/(^|\/)http/.test(file))
    return `${name} is imported only where HTTP is spoken (http*)`
  const home = ENGINES[name]
  if (!home || file === home) return null
  if (isTypeOnly && dirname(file) === dirname(home)) return null
  return `${name} is imported in ${home} alone`
}

function packageName(source) {
  const [first, second] = source.split('/')
  return first.startsWith('@') ? `${first}/${second}` : first
}

function topFolder(path) {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
}

function isTest(file) {
  return /\.test\.\w+$/.test(file)
}

function isBuildFile(file) {
  return /(^|\/)vite\.config\.ts$/.test(file)
}

export const house = { meta: { name: 'house' }, rules: { arrows } }
