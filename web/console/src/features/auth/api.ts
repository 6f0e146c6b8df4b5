import type { Page } from '@shared/api/envelope'
import { request } from '@shared/api/request'
import type {
  AuditEntry,
  Organisation,
  OrganisationDraft,
  OrganisationPatch,
  PasswordReset,
  Role,
  StaffAdded,
  StaffDraft,
  StaffMember,
  StaffPatch,
} from './types'

const segment = encodeURIComponent

export const listOrganisations = () => request<Page<Organisation>>('/auth/organisations')
export const addOrganisation = (draft: OrganisationDraft) =>
  request<Organisation>('/auth/organisations', { method: 'POST', body: draft })
export const changeOrganisation = (id: string, change: OrganisationPatch) =>
  request<Organisation>(`/auth/organisations/${segment(id)}`, { method: 'PATCH', body: change })

export const listStaff = (q: string, cursor: string | null) =>
  request<Page<StaffMember>>('/auth/staff', { query: { q: q || undefined, cursor } })
export const addStaff = (draft: StaffDraft) =>
  request<StaffAdded>('/auth/staff', { method: 'POST', body: draft })
export const changeStaff = (id: string, change: StaffPatch) =>
  request<StaffMember>(`/auth/staff/${segment(id)}`, { method: 'PATCH', body: change })
export const resetPassword = (id: string) =>
  request<PasswordReset>(`/auth/staff/${segment(id)}/password-resets`, {
    method: 'POST',
    body: {},
  })
export const changePassword = (oldPassword: string, newPassword: string) =>
  request<unknown>('/auth/staff/current/passwords', {
    method: 'PUT',
    body: { old_password: oldPassword, new_password: newPassword },
  })

export const listRoles = () => request<Page<Role>>('/auth/roles')
export const listAudit = (filter: { actor?: string; action?: string; cursor: string | null }) =>
  request<Page<AuditEntry>>('/auth/audit', {
    query: { actor: filter.actor || undefined, action: filter.action || undefined, cursor: filter.cursor },
  })
