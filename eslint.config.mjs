import js from '@eslint/js'
import { createNodeResolver, importX } from 'eslint-plugin-import-x'
import vue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'
import { house } from './bin/lint/plugin.mjs'

const TESTS = ['**/*.test.{ts,mjs}', 'tests/**']
// The tools that read these want a default export.
const CONFIGS = ['**/*.config.{ts,mjs}', 'tests/support/long-program.ts']

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Name what you export: one name for one thing, everywhere.',
}
const noEnum = { selector: 'TSEnumDeclaration', message: 'Use a union of strings, or an object `as const`.' }

export default [
  { ignores: ['node_modules/', 'dist/', 'data/', 'coverage/', 'bin/lint/fixtures/'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
  },
  {
    files: ['**/*.{ts,mjs,vue}'],
    plugins: { house, 'import-x': importX },
    // For the scripts inside Vue files, also where a TypeScript file imports them and cycles are looked for.
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    settings: {
      'import-x/extensions': ['.ts', '.mjs', '.vue'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'], 'vue-eslint-parser': ['.vue'] },
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.mjs', '.vue'] })],
    },
    rules: {
      'house/arrows': 'error',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-self-import': 'error',
      'import-x/no-duplicates': ['error', { 'prefer-inline': false }],
      'max-lines': ['error', 500],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 4],
      'no-restricted-syntax': ['error', noDefaultExport, noEnum],
      'no-undef': 'off',
      'no-console': 'off',
      eqeqeq: ['error', 'always'],
      'prefer-const': 'error',
      'no-var': 'error',
      'no-constant-condition': ['error', { checkLoops: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    // Output of the services goes through the logger.
    files: ['{media,runtime,cascade,origin,edge,transcoder,player}/**/*.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    // Layout is prettier's affair.
    files: ['**/*.vue'],
    rules: {
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      'vue/no-v-html': 'error',
      'no-restricted-syntax': ['error', noEnum],
    },
  },
  { files: [...CONFIGS, '**/*.d.ts'], rules: { 'no-restricted-syntax': ['error', noEnum] } },
  { files: TESTS, rules: { 'max-lines-per-function': 'off' } },
]
