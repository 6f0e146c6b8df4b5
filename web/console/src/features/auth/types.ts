import type * as wire from '@shared/api/generated/auth'
import type { Whole } from '@shared/api/whole'

/** The wire types of `auth`, as its OpenAPI has them. */
export type AuditEntry = Whole<wire.AuditEntry>
export type Organisation = Whole<wire.OrganisationView>
/** `kind` is plain text on the wire. */
export type OrganisationKind = 'company' | 'region' | 'department' | 'dealer' | 'community' | 'group'
export type OrganisationDraft = wire.OrganisationDraft
export type OrganisationPatch = wire.OrganisationPatch
export type PasswordReset = Whole<wire.PasswordReset>
export type Role = Whole<wire.RoleView>
export type RoleGrant = Whole<wire.RoleGrant>
export type StaffAdded = Whole<wire.StaffAdded>
export type StaffDraft = wire.StaffDraft
export type StaffMember = Whole<wire.StaffView>
export type StaffPatch = wire.StaffPatch

/** An organisation in its form; without `id` it is new. */
export type OrganisationRecord = Pick<Organisation, 'id' | 'name' | 'kind' | 'version'> & {
  parent_id: string
}
/** A person in the form; without `id` he is new. */
export type StaffRecord = Pick<
  StaffMember,
  'id' | 'login' | 'name' | 'phone' | 'organisation_id' | 'grants' | 'version'
>
