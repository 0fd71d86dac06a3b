SELECT seq, service, status, fence, priority FROM notifications WHERE id = ?1
