/** The wire types of `crm`. */
export interface Customer {
  id: string
  name: string
  remark: string
  tags: string[]
  phones: { id: string; masked: string }[]
  identities: {
    id: string
    kind: string
    scope: string
    scope_name: string
    value_masked: string
    is_active: boolean
    since: string
  }[]
  created_at: string
  note: string
  version: number
}
