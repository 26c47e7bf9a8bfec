import type { UserRoleDocument } from '../../src/security/roles/user-role.ts'
import { text } from '../text/text.ts'
import { RuleTable } from './rule-table.tsx'
import { permissionWords } from './rule-words.ts'

const words = text.rules

/** What a user role allows and denies, in words. */
export function RoleTables({ role }: { role: UserRoleDocument }) {
  const { allow, deny = [] } = role
  return (['allow', 'deny'] as const).map((list) => (
    <RuleTable
      key={list}
      title={words.lists[list]}
      labels={words.roleColumns}
      rows={(list === 'allow' ? allow : deny).map((permission) => {
        const { actions, to, only } = permissionWords(permission)
        return { name: actions, cells: [[to], only] }
      })}
    />
  ))
}
