/** The wire types of `auth`. */
export type OrganisationKind = 'company' | 'region' | 'department' | 'dealer' | 'community' | 'group'

export interface Organisation {
  id: string
  parent_id: string | null
  path: string
  name: string
  kind: OrganisationKind
  is_active: boolean
  version: number
}

export interface RoleGrant {
  role: string
  organisation_id: string
}

export interface StaffMember {
  id: string
  login: string
  name: string
  phone: string
  organisation_id: string
  organisation_name: string
  grants: RoleGrant[]
  is_active: boolean
  must_change_password: boolean
  last_sign_in_at: string | null
  created_at: string
  version: number
}

export interface Role {
  key: string
  title: string
  description: string
  permissions: string[]
}

export interface AuditEntry {
  id: string
  at: string
  actor_id: string
  actor_kind: string
  actor_name: string
  action: string
  service: string
  object_kind: string
  object_id: string
  object_name: string
  detail: Record<string, unknown>
  address: string
}
