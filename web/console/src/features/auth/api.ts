import type { Page } from '@shared/api/envelope'
import { request } from '@shared/api/request'
import type { AuditEntry, Organisation, Role, StaffMember } from './types'

const segment = encodeURIComponent

export const listOrganisations = () => request<Page<Organisation>>('/auth/organisations')
export const addOrganisation = (draft: { parent_id: string; name: string; kind: string }) =>
  request<Organisation>('/auth/organisations', { method: 'POST', body: draft })
export const changeOrganisation = (
  id: string,
  change: { version: number; name?: string; parent_id?: string; is_active?: boolean },
) => request<Organisation>(`/auth/organisations/${segment(id)}`, { method: 'PATCH', body: change })

export const listStaff = (q: string, cursor: string | null) =>
  request<Page<StaffMember>>('/auth/staff', { query: { q: q || undefined, cursor } })
export const addStaff = (draft: object) =>
  request<StaffMember & { initial_password: string | null }>('/auth/staff', { method: 'POST', body: draft })
export const changeStaff = (id: string, change: object) =>
  request<StaffMember>(`/auth/staff/${segment(id)}`, { method: 'PATCH', body: change })
export const resetPassword = (id: string) =>
  request<{ initial_password: string }>(`/auth/staff/${segment(id)}/password-resets`, {
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
