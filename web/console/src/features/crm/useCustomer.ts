import { onBeforeUnmount } from 'vue'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { ApiError } from '@shared/api/envelope'
import { liveStream, readLive } from '@shared/stream/stream'
import type { StreamEvent } from '@shared/stream/event'
import { toastError } from '@console/parts/errors'
import { readCustomer } from './api'
import type { Customer } from './types'

const key = (id: string) => ['crm', 'customer', id] as const

function apply(customer: Customer, event: StreamEvent): Customer {
  if (event.service !== 'crm' || event.name !== 'customer_changed' || event.data.id !== customer.id)
    return customer
  const { name, remark, tags, version } = event.data as Customer
  return version > customer.version ? { ...customer, name, remark, tags, version } : customer
}

/** One customer, kept true by the stream, and changes to him that never overwrite a colleague's silently. */
export function useCustomer(id: string) {
  const client = useQueryClient()
  const query = useQuery({
    queryKey: key(id),
    enabled: liveStream.mayRead,
    queryFn: () => readLive(liveStream, () => readCustomer(id), apply),
  })
  const forget = liveStream.onEvent((event) => {
    client.setQueryData<Customer>(key(id), (customer) => customer && apply(customer, event))
  })
  onBeforeUnmount(forget)

  async function save(change: (version: number) => Promise<Customer>): Promise<boolean> {
    const customer = query.data.value
    if (!customer) return false
    try {
      client.setQueryData<Customer>(key(id), await change(customer.version))
      return true
    } catch (error) {
      toastError(error)
      if (error instanceof ApiError && error.status === 409) void query.refetch()
      return false
    }
  }

  return { query, save }
}
