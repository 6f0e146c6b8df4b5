import type { Page } from '@shared/api/envelope'
import { request } from '@shared/api/request'
import type { Customer, CustomerPatch, RevealedPhone, TagCount } from './types'

const at = (id: string) => `/crm/customers/${encodeURIComponent(id)}`

export const listCustomers = (q: string, signal?: AbortSignal) =>
  request<Page<Customer>>('/crm/customers', { query: { q }, signal })
export const readCustomer = (id: string) => request<Customer>(at(id))
export const changeCustomer = (id: string, change: CustomerPatch) =>
  request<Customer>(at(id), { method: 'PATCH', body: change })
export const replaceTags = (id: string, tags: string[], version: number) =>
  request<Customer>(`${at(id)}/tags`, { method: 'PUT', body: { tags, version } })
export const addPhone = (id: string, phone: string) =>
  request<Customer>(`${at(id)}/phones`, { method: 'POST', body: { phone } })
export const revealPhone = (id: string, phoneId: string) =>
  request<RevealedPhone>(`${at(id)}/phone-reveals`, { method: 'POST', body: { phone_id: phoneId } })
export const listTags = () => request<Page<TagCount>>('/crm/tags')
